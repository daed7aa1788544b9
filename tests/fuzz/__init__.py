"""Every parser of foreign bytes, fed with what chance or coverage leads to: a documented error, soon, in bounds.

``python -m fuzz --list`` in the folder ``tests`` says what there is; ``make fuzz`` runs it for long.
"""
