"""The tokenizer of sentence encoders: limits, padding, hostile texts, threads, bad JSON."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from server.subwords import PADDING, Subwords, pad_tokens

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "sort", "##ing", "an", "array", "ß", "?")
TEXTS = (
    "",
    "null\0byte \x1b[31m",
    "a" * 4000,
    "sort " * 800,
    "👩\u200d👩\u200d👧 sort 😀",
    "كيف أرتب مصفوفة من الأرقام",
    "\u0301\u0302 \ufeff \u202e sort",
    "Sorting an ARRAY?",
)


def tokenizer() -> Tokenizer:
    made = Tokenizer(
        models.WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    return made


@pytest.fixture(scope="module")
def subwords() -> Subwords:
    return Subwords(tokenizer=tokenizer().to_str(), max_tokens=16)


def test_a_text_becomes_its_tokens_between_special_ones(subwords: Subwords) -> None:
    tokens = subwords.encode("Sorting an ARRAY?")
    assert tokens.dtype == np.int64
    assert [WORDS[token] for token in tokens] == [
        "[CLS]", "sort", "##ing", "an", "array", "?", "[SEP]",
    ]  # fmt: skip


def test_a_long_text_is_cut_and_keeps_its_special_tokens(subwords: Subwords) -> None:
    tokens = subwords.encode("sort " * 100)
    assert tokens.tolist() == [2, *[4] * 14, 3]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_has_tokens(subwords: Subwords, text: str) -> None:
    tokens = subwords.encode(text)
    assert tokens[0] == 2
    assert tokens[-1] == 3
    assert 2 <= len(tokens) <= subwords.max_tokens
    assert tokens.min() >= 0
    assert tokens.max() < subwords.size == len(WORDS)


def test_settings_in_the_json_do_not_apply() -> None:
    made = tokenizer()
    made.enable_padding(length=12)
    made.enable_truncation(3)
    hidden = Subwords(tokenizer=made.to_str(), max_tokens=16)
    assert hidden.encode("sort an array").tolist() == [2, 4, 6, 7, 3]
    assert hidden == Subwords(tokenizer=tokenizer().to_str(), max_tokens=16)


def test_it_survives_json(subwords: Subwords) -> None:
    assert "ß" in subwords.tokenizer
    again = Subwords.model_validate_json(subwords.model_dump_json())
    assert again == subwords
    assert again.encode("ß?").tolist() == [2, 8, 9, 3]


def test_padding_is_no_token_even_if_a_text_spells_it_out(subwords: Subwords) -> None:
    rows = [subwords.encode("[PAD]"), subwords.encode("sort an array")]
    assert pad_tokens(rows).tolist() == [[2, 0, 3, PADDING, PADDING], [2, 4, 6, 7, 3]]
    assert PADDING < 0


@pytest.mark.parametrize("rows", [[], [np.zeros(0, np.int64)]])
def test_padding_of_nothing_is_one_wide(rows: list[np.ndarray]) -> None:
    padded = pad_tokens(rows)
    assert padded.shape == (len(rows), 1)
    assert padded.dtype == np.int64


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON of a tokenizer: Expecting property name"),
        ("[1]", "it is no object"),
        ("{}", "Model missing"),
        (r'{"model": "\ud800"}', "surrogates not allowed"),
        (json.dumps({"model": {"type": "Magic"}}), "no JSON of a tokenizer"),
    ],
)
def test_a_broken_json_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match="no JSON of a tokenizer") as caught:
        Subwords(tokenizer=text, max_tokens=16)
    assert said in str(caught.value)


def test_special_tokens_alone_may_not_fill_the_limit() -> None:
    with pytest.raises(ValidationError, match="max_tokens is 2, but the tokenizer adds 2 special"):
        Subwords(tokenizer=tokenizer().to_str(), max_tokens=2)


def test_many_threads_get_what_one_gets(subwords: Subwords) -> None:
    expected = [subwords.encode(text).tolist() for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(
            lambda _: [subwords.encode(text).tolist() for text in TEXTS], range(64)
        ):
            assert got == expected


_PROGRAM = """
import sys
from pathlib import Path
from server.subwords import Subwords
assert "tokenizers" not in sys.modules
text = sys.stdin.read()
{before}
threads = len(list(Path("/proc/self/task").iterdir()))
subwords = Subwords(tokenizer=text, max_tokens=16)
subwords.encode("sort " * 4000)
assert len(list(Path("/proc/self/task").iterdir())) == threads
print("tokenized")
"""


def _run(before: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(before=before)],
        input=tokenizer().to_str(),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent.parent,
    )


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc to count threads by")
def test_the_package_is_imported_late_and_starts_no_threads() -> None:
    done = _run("")
    assert done.stdout == "tokenized\n", done.stderr


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc to count threads by")
def test_without_the_package_the_error_has_the_remedy() -> None:
    done = _run('sys.modules["tokenizers"] = None')
    last = done.stderr.splitlines()[-1]
    assert last.startswith("server.errors.StartupError: ")
    assert last.endswith("run: pip install 'rtscore[encoder]'")
