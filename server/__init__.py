"""The dashboard's server: HTTP in front, worker processes behind, a store between them."""
