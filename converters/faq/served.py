"""Asks a FAQ model's file, through the server's own session and in its own way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from converters.export import ConversionError
from converters.faq.answers import Answers
from converters.progress import progress
from server.contract import FaqContract
from server.session import Probabilities, Session

BATCH = 32


class ServedModel:
    """A FAQ model as the server loads it."""

    def __init__(self, session: Session, contract: FaqContract) -> None:
        self._session = session
        self.contract = contract
        self.version = session.version

    @classmethod
    def of(cls, path: Path) -> Self:
        """Raises StartupError for what is no model file, ConversionError for another task's."""
        session = Session(path, threads=0)
        if not isinstance(session.contract, FaqContract):
            raise ConversionError(f"{path} is no FAQ model")
        return cls(session, session.contract)

    def answers(
        self, texts: Sequence[str], entries: Sequence[int], description: str = "asking"
    ) -> Answers:
        """What it says to `texts`, of which the first are duplicates of `entries` (indices)."""
        batches = range(0, len(texts), BATCH)
        parts = (self._ask(texts[start : start + BATCH]) for start in batches)
        return Answers.of(texts, entries, progress(parts, description, len(batches)))

    def own_answers(self) -> Answers:
        """What it says to its entries' own questions."""
        questions = [entry.question for entry in self.contract.entries]
        return self.answers(questions, range(len(questions)), "asking each entry's question")

    def _ask(self, texts: Sequence[str]) -> Probabilities:
        """Probabilities, float32 [texts, entries]."""
        rows = [self.contract.encode(text) for text in texts]
        return self._session.run(self.contract.feeds(rows))
