"""The causes, one small module for each family; a new one is a new file and a line here.

Of two that explain the same equally well, the one that stands first is told.
"""

from handover.diagnosis.causes.archive import Archive
from handover.diagnosis.causes.caches import Caches
from handover.diagnosis.causes.cut_off import CutOff
from handover.diagnosis.causes.deleted import Deleted
from handover.diagnosis.causes.disk_full import DiskFull
from handover.diagnosis.causes.dotfiles import Dotfiles
from handover.diagnosis.causes.edited import Edited
from handover.diagnosis.causes.empty_folders import EmptyFolders
from handover.diagnosis.causes.filtered import Filtered
from handover.diagnosis.causes.gaps import Gaps
from handover.diagnosis.causes.hosting import Hosting
from handover.diagnosis.causes.in_place import InPlace
from handover.diagnosis.causes.leftovers import Leftovers
from handover.diagnosis.causes.line_ends import LineEnds
from handover.diagnosis.causes.links import Links
from handover.diagnosis.causes.metadata import Metadata
from handover.diagnosis.causes.moved import Moved
from handover.diagnosis.causes.names import Names
from handover.diagnosis.causes.newer_only import NewerOnly
from handover.diagnosis.causes.nothing import Nothing
from handover.diagnosis.causes.owners import Owners
from handover.diagnosis.causes.refused import Refused
from handover.diagnosis.causes.size_limit import SizeLimit
from handover.diagnosis.causes.subtree import Subtree
from handover.diagnosis.causes.time_boundary import TimeBoundary
from handover.diagnosis.causes.truncated import Truncated
from handover.diagnosis.causes.twins import Twins
from handover.diagnosis.causes.versions import Versions
from handover.diagnosis.causes.zeroed import Zeroed
from handover.diagnosis.hypothesis import Cause

CAUSES: tuple[type[Cause], ...] = (
    Gaps,
    Moved,
    Names,
    LineEnds,
    DiskFull,
    Zeroed,
    Truncated,
    Twins,
    InPlace,
    Leftovers,
    Owners,
    Dotfiles,
    EmptyFolders,
    SizeLimit,
    Links,
    TimeBoundary,
    NewerOnly,
    Filtered,
    CutOff,
    Refused,
    Archive,
    Deleted,
    Versions,
    Nothing,
    Subtree,
    Metadata,
    Edited,
    Caches,
    Hosting,
)
