"""Deep networks and what the signal does in them: the catalogue, the configuration, the network, the measurement.

Pure PyTorch and pydantic: nothing here knows HTTP or the server, and only `images` reads files, from the folder it is given.
"""

__version__ = "0.1.0"

NUMERICS_VERSION = 1
"""Part of a run's identity: raise it whenever the same configuration would give other numbers than before."""
