"""``handover demo``: a whole handover on this machine, for somebody who has no two hosts at hand."""
