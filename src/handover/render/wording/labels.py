"""The fixed texts of a report: headings, captions, explanations, commands."""

from __future__ import annotations

from handover.render.wording.language import Labels, say

#: By the names under which a template finds them.
LABELS = Labels(
    {
        "title": "Handover report",
        "round": "Round",
        "case_id": "Case",
        "tool": "Made with",
        "previous": "Previous round",
        "dates": "Dates agreed",
        "complete_by": "complete by",
        "frozen_from": "frozen from",
        "cutover_at": "cutover",
        "source_ends": "old hosting ends",
        "result": "Result",
        "scope": "What this covers",
        "beside": "Please note",
        "next": "What to do now",
        "numbers": "What arrived and what did not",
        "numbers_caption": "Files, folders and links by what became of them, and the size of the files among them",
        "part": "Part",
        "class": "Class",
        "paths": "Paths",
        "size": "Size",
        "bar": "Share of the paths by class",
        "causes": "Likely causes",
        "causes_note": "These are opinions, drawn from patterns in the differences. They do not change the result.",
        "evidence": "Why we think so",
        "remedy": "What helps",
        "where": "Where it differs",
        "where_caption": "Folders with differences, those with most loss first",
        "folder": "Folder",
        "differences": "Differences",
        "whole": "whole folder",
        "missing": "Missing",
        "changed": "Changed",
        "not_checked": "Not checked",
        "extra": "Extra",
        "gaps": "What could not be checked",
        "gaps_none": "Everything on both sides could be read.",
        "gaps_caption": "Paths that could not be compared, by reason",
        "reason": "Reason",
        "excluded": "Agreed and left out",
        "excluded_none": "No rule left anything out or agreed to a difference.",
        "excluded_caption": "Rules that had an effect",
        "rule": "Rule",
        "files": "Files",
        "names": "Differences by name",
        "names_caption": "Paths and what differs",
        "path": "Path",
        "difference": "What differs",
        "source": "Source",
        "target": "Target",
        "who": "Who read what, and when",
        "who_caption": "Both scans",
        "fact": "Fact",
        "location": "Location",
        "ran_by": "Run by",
        "started": "Started",
        "ended": "Ended",
        "route": "Route",
        "digest": "Digest",
        "recheck": "Second look",
        "yes": "yes",
        "no": "no",
        "clock": "Clock",
        "user": "Account",
        "host_key": "Host key",
        "system": "System",
        "interpreter": "Interpreter",
        "limits": "Limits met",
        "entries": "Entries",
        "manifest": "Manifest",
        "asked_at": "Asked again",
        "answered": "Answered",
        "salt": "Salt of the question",
        "content_receipt": "Receipt of contents",
        "structure_receipt": "Receipt of structure",
        "no_receipt": "none, because there are gaps",
        "unread": "not read",
        "receipts_note": (
            "A receipt is short enough to read out on the phone. Equal receipts of contents mean equal contents of all "
            "files, under any names. Equal receipts of structure mean that names, types and contents are all equal."
        ),
        "custody": "Signed statements that came with the manifests",
        "custody_caption": "Who vouched for a manifest before it was compared",
        "signed_at": "Signed (by the signer's own clock)",
        "key": "Key",
        "sign": "Who signs",
        "role": "Role",
        "party": "Party",
        "contact": "Contact",
        "reference": "Reference",
        "required": "Answer",
        "is_required": "required",
        "not_required": "not required",
        "no_keys": "not in the terms",
        "bad_key": "a key that cannot be used",
        "no_parties": "This comparison names no parties, so it asks nobody to sign.",
        "signers_note": (
            "Lines for the file allowed_signers, which belongs beside the folder of this report and not into it. A key "
            "that you know only from this report proves nothing: ask each party for its fingerprint in another way, by "
            "phone for example, before you trust it."
        ),
        "check": "How to check this report",
        "check_note": (
            "Everything needed is in the folder of this report. All commands but the last need only a Unix system with "
            "OpenSSH; the last one also compares the manifests again and takes no result on trust."
        ),
        "check_sums": "Is every file the one that was signed?",
        "check_subject": "Does a statement name this SHA256SUMS? Both digests must be equal.",
        "check_signature": "Did the party sign it, with the key in allowed_signers?",
        "check_all": "Does the result follow from the manifests?",
        "limits_title": "What this can not prove",
        "bundle": "Files of this round",
        "bundle_caption": "Names, lengths and SHA-256 of the files that this report rests on",
        "name": "Name",
        "length": "Bytes",
        "scope_short": "Scope",
        "strength": "Strength",
        "signatures": "Signatures",
        "pdfs": "Signed PDFs, evidence of their own level beside the answers",
        "passed": "ok",
        "failed": "FAILED",
        "scan_complete": "SCAN COMPLETE",
        "scan_gaps": "SCAN WITH GAPS",
        "scan_no_recheck": "The host was not looked at a second time: changes during the scan may be unnoticed.",
        "nothing_compared": "This part was not compared.",
        "contents": "On this page",
        "map_label": "Folders by size, and what became of them; the table below says the same",
        "map_note": (
            "Each field is a folder, as large as its files. The colours are those of the table above. A folder with "
            "something missing, changed or not checked is at least so large that it can be seen."
        ),
        "map_table": "The same as a table",
        "map_caption": "Folders with what is in them, without the folders that have a line of their own",
        "became": "What became of it",
        "files_here": "files in it",
        "where_summary": "Folders with differences",
        "excluded_summary": "Rules",
        "search": "Search names",
        "found": "Found: # of #",
        "unfold": "Open all",
        "fold": "Close all",
        "all_names": "The file differences.jsonl of this part has all of them by name.",
        "timeline": "Timeline of the case",
        "happened": "What happened",
        "history_note": (
            "Earlier rounds and their answers are told as they lay beside this round when it was made. Each has a "
            "folder of its own that can be checked in the same way."
        ),
        "sign_note": (
            "This page was made before anybody signed. Who has signed since then is said by the check of the folder."
        ),
        "protocol": "Acceptance protocol",
        "drawn_up": "Drawn up",
        "subject": "Subject and parties",
        "subject_caption": "What is handed over, by whom and to whom",
        "sender": "Sender",
        "receiver": "Receiver",
        "agency": "Agency",
        "client": "Client",
        "account": "Account",
        "ticket": "Ticket",
        "signature": "Signature",
        "accept": "accept",
        "accept_with_remarks": "accept with remarks",
        "reject": "reject",
        "confirmed": "confirmed",
        "disputed": "disputed",
        "not_examined": "not examined",
        "by_whom": "Name and function",
        "by_when": "Date",
        "remarks": "Remarks",
        "remarks_caption": "What was found, and the position of each side",
        "remarks_note": (
            "Each party marks its position on every remark. What a party signs with handover stands in its statement; "
            "the positions on paper and there should be the same."
        ),
        "remarks_none": "Nothing was found that needs a remark.",
        "earlier_remarks": "Remarks on earlier rounds",
        "earlier_remarks_caption": "What the parties wanted on record with their answers; the latest last",
        "position": "Position",
        "item": "No.",
        "remark": "Remark",
        "when": "Dates",
        "timeline_caption": "In the order of time; each moment is the word of the clock that it comes from",
        "dates_caption": "The same moments by the clocks of the parties and in UTC",
        "moment": "Moment",
        "parties": "Parties and keys",
        "parties_caption": "The parties as the terms name them, with the fingerprints of their keys",
        "annex": "Annex: differences by name",
        "attached": "The result of this round with the digests of everything that it rests on",
        "protocol_check": (
            "The folder of this round has everything that is needed to check it without a network. Its page has the "
            "commands: with handover, and with sha256sum and ssh-keygen alone."
        ),
        "no_legal_advice": "Evidence, not legal advice",
    }
)


def limits() -> tuple[str, ...]:
    """Return what a report can not prove."""
    return (
        say("A manifest is what one host showed to one account at one time. What it did not show is not in it."),
        say(
            "A self-declared scan proves what its owner says. Only a scan that another party ran, or saw, proves more."
        ),
        say(
            "Equal files do not mean that the website works: databases, mail, certificates and settings are no files "
            "of it."
        ),
        say("Clocks of hosts and signers are their own. Order in time is certain only inside one clock."),
        say("This is evidence, not legal advice."),
    )
