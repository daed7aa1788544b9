"""The terms of a handover: ``handover.yaml`` read strictly, with every problem at its line and column."""

from handover.terms.model import Dates, Language, Location, Moment, Part, Party, Route, SshTransport, Terms
from handover.terms.parsing import parse, parse_rules
from handover.terms.problems import Place, Problem, TermsError
from handover.terms.reading import parse_percent
from handover.terms.writing import suggested, synthetic, template

__all__ = [
    "Dates",
    "Language",
    "Location",
    "Moment",
    "Part",
    "Party",
    "Place",
    "Problem",
    "Route",
    "SshTransport",
    "Terms",
    "TermsError",
    "parse",
    "parse_percent",
    "parse_rules",
    "suggested",
    "synthetic",
    "template",
]
