"""What a location is and how it is opened: one port, ``channel``, and one module or package for each way."""
