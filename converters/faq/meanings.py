"""What each figure of a FAQ model is called and what it means: the one place that says so."""

from converters.report.meaning import Meaning

MEANINGS = {
    "accuracy_at_1": Meaning("Accuracy@1", "the right entry comes first"),
    "accuracy_at_2": Meaning("Accuracy@2", "the right entry is among the first two"),
    "accuracy_at_3": Meaning("Accuracy@3", "the right entry is among the first three"),
    "mrr": Meaning("Mean reciprocal rank", "mean of 1 / rank of the right entry", "number"),
    "mean_rank": Meaning("Mean rank", "mean rank of the right entry; 1 is best", "number"),
    "ece": Meaning(
        "Calibration error",
        "expected calibration error of the best match, all questions; 0 is best",
        "number",
    ),
    "ece_duplicates": Meaning(
        "Calibration error, duplicates", "the same, duplicates alone", "number"
    ),
    "matched_precision": Meaning(
        "Precision of matched", "share of the matched whose best entry is right"
    ),
    "matched_recall": Meaning(
        "Recall of matched", "share of the duplicates matched to the right entry"
    ),
    "recall_at_95_precision": Meaning(
        "Recall at 95 % precision",
        "best recall of matched of the thresholds with 95 % precision on these questions",
    ),
    "threshold_at_95_precision": Meaning(
        "Threshold for 95 % precision", "the threshold that gives that recall", "number"
    ),
    "no_match_precision": Meaning(
        "Precision of unmatched", "share of the unmatched that no entry answers"
    ),
    "no_match_recall": Meaning(
        "Recall of unmatched", "share of what no entry answers that is unmatched"
    ),
    "test_duplicates": Meaning("Duplicates", "duplicates asked", "count"),
    "test_no_match": Meaning("Without an entry", "questions without an entry asked", "count"),
}
