"""The one home of every sentence and label that a person reads in a report.

``language`` is the seam through which all of it goes: numbers, plurals, sentences with values. The other modules turn
codes into words. No sentence is put together from halves, so each can be translated as a whole.
"""
