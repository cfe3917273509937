"""`python -m server`. Worker processes import this module by name, so it imports nothing before it is asked to run."""

if __name__ == "__main__":
    from server.main import main

    main()
