"""One location becomes one manifest: an agent tells in any order, a spool keeps it, and it is written in order."""

from handover.scan.carry import Carry, EarlierManifest
from handover.scan.challenges import ask
from handover.scan.cut import CutScan, cut_scans
from handover.scan.listings import Listings, Look, list_root
from handover.scan.request import Clock, Effort, Progress, Question, ScanRequest, Stage, Totals
from handover.scan.scanner import SYSTEM_CLOCK, scan

__all__ = [
    "SYSTEM_CLOCK",
    "Carry",
    "Clock",
    "CutScan",
    "EarlierManifest",
    "Effort",
    "Listings",
    "Look",
    "Progress",
    "Question",
    "ScanRequest",
    "Stage",
    "Totals",
    "ask",
    "cut_scans",
    "list_root",
    "scan",
]
