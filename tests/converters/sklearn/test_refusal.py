from converters.export import ConversionError
from converters.sklearn.refusal import refuse, refuse_type


def test_a_refusal_names_step_setting_and_remedy() -> None:
    error = refuse("tfidf", "analyzer='char' can't be converted", "use 'char_wb'")
    assert isinstance(error, ConversionError)
    assert str(error) == "step 'tfidf': analyzer='char' can't be converted; use 'char_wb'"


def test_a_class_is_named_in_full_and_so_are_those_that_can_be() -> None:
    assert str(refuse_type("last", 1.5, [str, int])) == (
        "step 'last': builtins.float can't be converted exactly; here these can: int, str"
    )
