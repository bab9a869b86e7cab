"""The tokenizer term by term against scikit-learn's analyzers, and what becomes of its terms."""

import itertools
import sys
import tracemalloc
from collections import Counter
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.feature_extraction.text import TfidfVectorizer

from server.tokenizer import MAX_TERMS, Tokenizer, Vocabulary, pad

Accents = Literal["unicode", "ascii"] | None

# Letters that lower-casing, decomposing or white space rules treat oddly, beside any other text.
ODD = (
    "İıΣσςßẞŉǰΐﬁŒœÅÅåäâàé\u0301\u0308Ω²①½٣३㎏…\u00b4'_-.·"
    "\u00a0\u2003\u2028\u200b\u200d\ufeff\x1c\x85\t\r\n"
)
texts = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from(ODD + "abAB 12"), max_size=60),
    st.lists(st.sampled_from(["the", "THE", "how", "a", "Array", "don't", "ÉTÉ", "x_1"])).map(
        " ".join
    ),
)
ngrams = st.tuples(st.integers(1, 5), st.integers(0, 3)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)
accents = st.sampled_from([None, "unicode", "ascii"])
stop_words = st.frozensets(st.sampled_from(["the", "how", "été", "ete", "12", "ab"]))
patterns = st.sampled_from(
    [r"(?u)\b\w\w+\b", r"(?u)\b\w+\b", r"\S+", r"(?u)\b(\w)\w*\b", r"[^\W\d_]+|\d"]
)


def analyzer(**options: Any) -> Any:
    """scikit-learn's own."""
    return TfidfVectorizer(**options).build_analyzer()


@settings(max_examples=400)
@given(texts, ngrams, st.booleans(), accents, stop_words, patterns)
@example("İstanbul ΟΔΟΣ ΣΑΣ", (1, 2), True, None, frozenset(), r"(?u)\b\w\w+\b")
def test_word_ngrams_are_those_of_scikit_learn(
    text: str,
    ngram_range: tuple[int, int],
    lowercase: bool,
    strip_accents: Accents,
    stop_words: frozenset[str],
    token_pattern: str,
) -> None:
    ours = Tokenizer(
        lowercase=lowercase,
        strip_accents=strip_accents,
        token_pattern=token_pattern,
        stop_words=stop_words,
        word_ngrams=ngram_range,
    )
    theirs = analyzer(
        lowercase=lowercase,
        strip_accents=strip_accents,
        token_pattern=token_pattern,
        stop_words=list(stop_words) or None,
        ngram_range=ngram_range,
    )
    assert ours(text) == theirs(text)


@settings(max_examples=400)
@given(texts, ngrams, st.booleans(), accents)
def test_character_ngrams_are_those_of_scikit_learn(
    text: str, ngram_range: tuple[int, int], lowercase: bool, strip_accents: Accents
) -> None:
    ours = Tokenizer(
        lowercase=lowercase,
        strip_accents=strip_accents,
        word_ngrams=None,
        char_ngrams=ngram_range,
    )
    theirs = analyzer(
        lowercase=lowercase,
        strip_accents=strip_accents,
        analyzer="char_wb",
        ngram_range=ngram_range,
    )
    assert ours(text) == theirs(text)


@given(texts, accents, stop_words)
def test_words_come_before_character_ngrams(
    text: str, strip_accents: Accents, stop_words: frozenset[str]
) -> None:
    options: dict[str, Any] = {"strip_accents": strip_accents}
    both = Tokenizer(
        word_ngrams=(1, 2), char_ngrams=(3, 4), stop_words=stop_words, strip_accents=strip_accents
    )
    words = analyzer(ngram_range=(1, 2), stop_words=list(stop_words) or None, **options)
    characters = analyzer(analyzer="char_wb", ngram_range=(3, 4), **options)
    assert both(text) == words(text) + characters(text)


def test_every_code_point_is_lowered_split_and_stripped_as_in_scikit_learn() -> None:
    codes = (code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    text = "".join(f"a{chr(code)}{chr(code)}b" for code in codes)
    for strip_accents in (None, "unicode", "ascii"):
        ours = Tokenizer(strip_accents=strip_accents)
        assert ours(text) == analyzer(strip_accents=strip_accents)(text)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("a . !", []),
        ("Compare 2 Arrays, compare!", ["compare", "arrays", "compare"]),
        ("don't use_this", ["don", "use_this"]),
    ],
)
def test_by_default_terms_are_words_of_two_letters_and_more(text: str, terms: list[str]) -> None:
    assert Tokenizer()(text) == terms


def test_without_any_ngrams_there_are_no_terms() -> None:
    assert Tokenizer(word_ngrams=None)("some text") == []


@pytest.mark.parametrize("pattern", ["(a)(b)", "(", "*"])
def test_a_pattern_that_python_or_scikit_learn_refuses(pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"capturing group|no regular expression"):
        Tokenizer(token_pattern=pattern)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("Sorting", ["sort*"]),
        ("sorted a list", ["sort*", "a*", "list*", "sort* a*", "a* list*", "sort* list*"]),
        ("a a a", ["a*", "a*", "a*", "a* a*", "a* a*", "a* a*"]),
    ],
)
def test_words_are_cut_and_pairs_skip_a_word(text: str, terms: list[str]) -> None:
    assert Tokenizer(token_pattern=r"\w+", prefix=4, skip=1)(text) == terms


@given(texts, st.integers(1, 6), stop_words)
def test_a_prefix_cuts_the_words_that_stay(text: str, prefix: int, removed: frozenset[str]) -> None:
    words = Tokenizer(stop_words=removed)(text)
    cut = Tokenizer(stop_words=removed, prefix=prefix)(text)
    assert cut == [word[:prefix] + "*" for word in words]


@given(texts, st.integers(0, 4), st.sampled_from([None, 3]))
def test_pairs_have_at_most_so_many_words_between_them(
    text: str, skip: int, prefix: int | None
) -> None:
    words = Tokenizer(prefix=prefix)(text)
    pairs = [
        f"{first} {words[place]}"
        for start, first in enumerate(words)
        for place in range(start + 1, min(start + skip + 2, len(words)))
    ]
    both = Tokenizer(prefix=prefix, skip=skip)(text)
    assert both[: len(words)] == words
    assert Counter(both[len(words) :]) == Counter(pairs)
    if skip == 0:
        assert both == Tokenizer(prefix=prefix, word_ngrams=(1, 2))(text)


def test_pairs_come_between_words_and_character_ngrams() -> None:
    both = Tokenizer(prefix=2, skip=0, char_ngrams=(4, 4))
    assert both("list it") == ["li*", "it*", "li* it*", " lis", "list", "ist ", " it "]


@pytest.mark.parametrize(("name", "value"), [("prefix", 0), ("skip", -1), ("prefix", -4)])
def test_settings_that_make_no_sense(name: str, value: int) -> None:
    with pytest.raises(ValidationError, match=name):
        Tokenizer.model_validate({name: value})


@given(texts)
def test_a_tokenizer_survives_its_json(text: str) -> None:
    made = Tokenizer(
        stop_words=frozenset({"the", "été"}),
        char_ngrams=(2, 3),
        lowercase=False,
        prefix=3,
        skip=2,
    )
    again = Tokenizer.model_validate_json(made.model_dump_json())
    assert again == made
    assert again(text) == made(text)


TERMS = ("array", "compare", "date", "compare date")
VOCABULARY = Vocabulary(tokenizer=Tokenizer(word_ngrams=(1, 2)), terms=TERMS)


def test_encode_counts_the_known_terms_by_first_appearance() -> None:
    indices, counts = VOCABULARY.encode("Compare date and date; array!")
    assert [TERMS[index] for index in indices] == ["compare", "date", "array", "compare date"]
    assert counts.tolist() == [1, 2, 1, 1]
    assert indices.dtype == np.int64
    assert counts.dtype == np.float32


@settings(max_examples=300)
@given(
    st.lists(texts, min_size=1, max_size=4),
    st.sampled_from([None, (1, 1), (1, 2), (2, 3)]),
    st.sampled_from([None, (3, 4), (1, 2)]),
    st.sampled_from([None, 4]),
    st.sampled_from([None, 1]),
)
def test_encode_counts_what_the_tokenizer_finds(
    questions: list[str],
    word_ngrams: tuple[int, int] | None,
    char_ngrams: tuple[int, int] | None,
    prefix: int | None,
    skip: int | None,
) -> None:
    """Also of texts and words that were seen before."""
    tokenizer = Tokenizer(
        word_ngrams=word_ngrams, char_ngrams=char_ngrams, prefix=prefix, skip=skip
    )
    known = sorted({"x", *itertools.chain.from_iterable(map(tokenizer, questions))})[::2]
    vocabulary = Vocabulary(tokenizer=tokenizer, terms=tuple(known))
    for text in questions * 2:
        indices, counts = vocabulary.encode(text)
        expected = Counter(term for term in tokenizer(text) if term in set(known))
        found = [known[index] for index in indices]
        assert found == list(expected)
        assert counts.tolist() == list(expected.values())


def test_long_words_are_not_remembered() -> None:
    """Those of a hostile client would fill the memory."""
    tokenizer = Tokenizer(char_ngrams=(3, 4))
    letters = [chr(ord("a") + number) for number in range(8)]
    grams = ["".join(one) for size in (3, 4) for one in itertools.product(letters, repeat=size)]
    vocabulary = Vocabulary(tokenizer=tokenizer, terms=tuple(grams))
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(letters, 4000)) for _ in range(100)]
    vocabulary.encode(words[0])
    tracemalloc.start()
    for word in words:
        assert len(vocabulary.encode(word)[0]) == MAX_TERMS
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000  # remembered, they would take several times as much


def test_encode_of_a_text_without_known_terms() -> None:
    indices, counts = VOCABULARY.encode("nothing known")
    assert indices.shape == counts.shape == (0,)
    assert indices.dtype == np.int64
    assert counts.dtype == np.float32


def test_encode_takes_a_bounded_number_of_terms() -> None:
    terms = tuple(f"t{number}" for number in range(2 * MAX_TERMS))
    vocabulary = Vocabulary(tokenizer=Tokenizer(), terms=terms)
    indices, counts = vocabulary.encode(" ".join(terms) + f" t0 t{MAX_TERMS}")
    assert indices.tolist() == list(range(MAX_TERMS))
    assert counts.tolist() == [2] + [1] * (MAX_TERMS - 1)


@given(st.lists(texts, max_size=6))
def test_pad_loses_nothing(questions: list[str]) -> None:
    rows = [VOCABULARY.encode(text) for text in questions]
    indices, counts = pad(rows, len(TERMS))
    longest = max((len(known) for known, _ in rows), default=0)
    assert indices.shape == counts.shape == (len(rows), longest)
    assert indices.dtype == np.int64
    assert counts.dtype == np.float32
    for row, (known, times) in enumerate(rows):
        assert indices[row].tolist() == [*known, *[len(TERMS)] * (longest - len(known))]
        assert counts[row].tolist() == [*times, *[0] * (longest - len(known))]


def test_a_vocabulary_needs_terms() -> None:
    with pytest.raises(ValidationError):
        Vocabulary(tokenizer=Tokenizer(), terms=())
