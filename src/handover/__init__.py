"""handover: prove what arrived, and what did not, when a site moves from one host to another."""

__version__ = "0.2.0"
