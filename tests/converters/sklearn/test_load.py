"""Files with models in them, and files with something else."""

import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import pytest
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from converters.export import ConversionError
from converters.sklearn.load import load
from tests.converters.sklearn.agreement import LABELS, TEXTS, fitted


def written(path: Path, model: Any) -> Path:
    joblib.dump(model, path)
    return path


@pytest.fixture(scope="module")
def model() -> Any:
    return fitted(TfidfVectorizer(), LogisticRegression())


@pytest.mark.parametrize("compress", [0, 3])
def test_joblib(tmp_path: Path, model: Any, compress: int) -> None:
    joblib.dump(model, tmp_path / "model.joblib", compress=compress)
    found = load(tmp_path / "model.joblib")
    assert (found.predict_proba(TEXTS) == model.predict_proba(TEXTS)).all()


def test_pickle(tmp_path: Path, model: Any) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    assert isinstance(load(tmp_path / "model.pkl"), Pipeline)


def test_a_search_is_taken_off(tmp_path: Path) -> None:
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [1, 10]}, cv=2).fit(TEXTS, LABELS)
    found = load(written(tmp_path / "model.joblib", search))
    assert isinstance(found, Pipeline)
    assert found[-1].C in (1, 10)


def of_another_version(path: Path, model: Any, version: bytes) -> Path:
    content = pickle.dumps(model)
    current = sklearn.__version__.encode()
    assert len(version) == len(current)
    path.write_bytes(content.replace(current, version))
    return path


def test_another_version_of_scikit_learn_is_said(
    tmp_path: Path, model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = of_another_version(tmp_path / "model.pkl", model, b"1.2.3")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(path)
    assert caplog.messages == [
        f"{path} was made with scikit-learn 1.2.3, here is {sklearn.__version__}, which may read "
        "it wrongly; the graph is compared with what the version here makes of it"
    ]


def test_another_version_that_can_not_answer(tmp_path: Path, model: Any) -> None:
    broken = pickle.loads(pickle.dumps(model))
    del broken[-1].coef_, broken[-1].classes_
    broken[-1].n_iter_ = 1
    path = of_another_version(tmp_path / "model.pkl", broken, b"1.2.3")
    with pytest.raises(ConversionError, match=r"can't answer a text: .*scikit-learn 1\.2\.3, here"):
        load(path)


@pytest.mark.parametrize("cut", [0, 10, 1000, -10])
def test_a_file_that_was_cut(tmp_path: Path, model: Any, cut: int) -> None:
    path = written(tmp_path / "model.joblib", model)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ConversionError, match=r"model\.joblib: it can't be loaded \(.*damaged"):
        load(path)


@pytest.mark.parametrize("content", [b"id\ttext\n", b"\x89PNG\r\n\x1a\n", b"\x80\x04N.", b"N."])
def test_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(content)
    with pytest.raises(ConversionError, match=r"can't be loaded|NoneType in it, no scikit-learn"):
        load(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("recipes", "it needs the module 'recipes', which is not installed here; install"),
        ("__main__", r"it can't be loaded \(AttributeError: .*shout"),
    ],
)
def test_functions_of_the_user(tmp_path: Path, module: str, message: str) -> None:
    """A function is pickled by its name; where it was defined is not here."""
    code = (
        "import joblib, sys\n"
        "from sklearn.feature_extraction.text import CountVectorizer\n"
        f"if {module!r} == '__main__':\n"
        "    def shout(text): return text.upper()\n"
        "else:\n"
        "    from recipes import shout\n"
        "joblib.dump(CountVectorizer(preprocessor=shout), 'model.joblib')\n"
    )
    (tmp_path / "recipes.py").write_text("def shout(text): return text.upper()\n")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    with pytest.raises(ConversionError, match=message):
        load(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"a": 1}, "there is a dict in it, no scikit-learn model"),
        (TfidfVectorizer(), "there is a TfidfVectorizer in it, no scikit-learn model"),
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), "not fitted; call fit first"),
        (make_pipeline(TfidfVectorizer(), LinearSVC()), "LinearSVC has no predict_proba; put Cal"),
        (make_pipeline(TfidfVectorizer(), SGDClassifier()), "SGDClassifier has no predict_proba"),
        (GridSearchCV(LogisticRegression(), {"C": [1]}), "not fitted|no predict_proba"),
    ],
    ids=str,
)
def test_what_can_not_answer(tmp_path: Path, made: Any, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        load(written(tmp_path / "model.joblib", made))


def test_a_model_of_tables(tmp_path: Path) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ConversionError, match="the model can't answer a text: ValueError: "):
        load(written(tmp_path / "model.joblib", model))
