"""The model in a joblib or pickle file. Loading runs code that stands in the file."""

import logging
import warnings
from pathlib import Path
from typing import Any

import joblib
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from converters.export import ConversionError

_log = logging.getLogger("rtscore.convert")


def load(path: Path) -> Any:
    """The fitted model in `path`, without a search around it, able to `predict_proba`.

    Raises ConversionError for a file that is damaged or needs what is not there, and for a model
    that is not fitted or has no probabilities.
    """
    model, made_with = _unpickle(path)
    if isinstance(model, GridSearchCV | RandomizedSearchCV):
        model = getattr(model, "best_estimator_", model)
    if made_with:
        _log.warning("%s", made_with)
    _check(path, model, made_with)
    return model


def _unpickle(path: Path) -> tuple[Any, str]:
    """The object, and what is to be said where another scikit-learn has written it."""
    with path.open("rb"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = joblib.load(path)
        except Exception as error:  # a damaged pickle can raise anything
            missing = getattr(error, "name", None) or ""
            if isinstance(error, ModuleNotFoundError) and missing.replace(".", "").isidentifier():
                raise ConversionError(
                    f"{path}: it needs the module {missing!r}, which is not installed here; "
                    "install what it was made with (but classes of your own can't be converted)"
                ) from error
            raise ConversionError(
                f"{path}: it can't be loaded ({_line(error)}); it is damaged, no joblib file, or "
                f"made with other versions{_other_version(path, caught)}"
            ) from error
    return model, _other_version(path, caught).removeprefix(": ")


def _other_version(path: Path, caught: list[warnings.WarningMessage]) -> str:
    for one in caught:
        if isinstance(one.message, InconsistentVersionWarning):
            return (
                f": {path} was made with scikit-learn {one.message.original_sklearn_version}, here "
                f"is {one.message.current_sklearn_version}, which may read it wrongly; the graph "
                "is compared with what the version here makes of it"
            )
    return ""


def _check(path: Path, model: Any, made_with: str) -> None:
    if not hasattr(model, "predict"):
        raise ConversionError(
            f"{path}: there is a {type(model).__name__} in it, no scikit-learn model"
        )
    try:
        found = getattr(model, "predict_proba", None)
        if found is None:
            last = getattr(model, "steps", [("", model)])[-1][1]
            raise ConversionError(
                f"{path}: {type(last).__name__} has no predict_proba; put CalibratedClassifierCV "
                "around it, or use another loss, LogisticRegression or voting='soft'"
            )
        found([""])
    except NotFittedError as error:
        raise ConversionError(f"{path}: the model is not fitted; call fit first") from error
    except ConversionError:
        raise
    except Exception as error:  # whatever a foreign step may raise
        hint = f"; {made_with}" if made_with else ""
        raise ConversionError(
            f"{path}: the model can't answer a text: {_line(error)}{hint}"
        ) from error


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
