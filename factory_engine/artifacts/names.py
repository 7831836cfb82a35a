"""What the files of a run folder are called.

Owns the names, as the ledger and the digests spell them: relative to the run's folder, or to that
of a bundle. Light enough for commands that must answer at once.
"""

INTEGRATOR = "Z_integrator"

MANIFEST = "RUN_MANIFEST.json"
LEDGER = "LEDGER.jsonl"
WORK = "work"

STATUS = "STATUS.json"
FILES_CHANGED = "FILES_CHANGED.json"
DIFF = "DIFF.patch"
SCOPE_LOCK = "SCOPE_LOCK.json"
HANDOFF = "HANDOFF_NOTE.json"
SUMMARY = "SUMMARY.md"
SUGGESTIONS = "SUGGESTIONS.md"
LOGS = "LOGS"
LOG_INDEX = "LOGS/INDEX.json"
FINAL_REPORT = "FINAL_REPORT.txt"
MERGE_PLAN = "MERGE_PLAN.md"

ATTESTATIONS = "attestations"
LEDGER_DIGEST = "attestations/ledger.sha256"
BUNDLES_DIGEST = "attestations/bundles.sha256"
REPORT_DIGEST = "attestations/report.sha256"
ATTESTATION = "attestations/merge.intoto.json"  # in-toto wants `.json` for an envelope in a file

WORKER_ARTIFACTS = (
    STATUS,
    SUMMARY,
    FILES_CHANGED,
    DIFF,
    SUGGESTIONS,
    SCOPE_LOCK,
    HANDOFF,
    LOG_INDEX,
)
INTEGRATOR_ARTIFACTS = (STATUS, FINAL_REPORT, FILES_CHANGED, DIFF, MERGE_PLAN, LOG_INDEX)
