"""Which keys a section of a catalogue's YAML may hold, and what each of them takes.

Read from the pydantic models of a YAML. Not here: what the models are (`model`), and what is said
of a key that none of them has (`mistakes`).
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

_Models = Sequence[type[BaseModel]]


def keys_of(models: _Models) -> list[str]:
    """The keys that a section of the YAML may hold, if it is one of these."""
    fields = (field for each in models for field in each.model_fields.items())
    return list(dict.fromkeys(described.alias or name for name, described in fields))


def below(models: _Models, key: str) -> _Models:
    """The models of what a key holds; a name that is no key, as of a field, leaves them."""
    return models_among(annotations_of(models, key)) or _models_of_names(models) or models


def _models_of_names(models: _Models) -> _Models:
    """What the names hold that a section takes besides its keys, as those of columns."""
    others = (get_type_hints(each).get("__pydantic_extra__") for each in models)
    return models_among(annotation for annotation in others if annotation is not None)


def annotations_of(models: _Models, key: str) -> list[Any]:
    """The types that a key may have."""
    return alternatives(
        each.model_fields[attribute_of(each, key)].annotation
        for each in models
        if has_key(each, key)
    )


def attribute_of(model: type[BaseModel], key: str) -> str:
    """What a key is called in its model: `from` and `json` are taken there already."""
    return key if key in model.model_fields else f"{key}_"


def alternatives(annotations: Iterable[Any]) -> list[Any]:
    """The types between which annotations leave the choice, without what is said about them."""
    found: list[Any] = []
    for annotation in annotations:
        origin = get_origin(annotation)
        if origin is Annotated:
            found += alternatives(get_args(annotation)[:1])
        elif origin in (Union, types.UnionType):
            found += alternatives(get_args(annotation))
        else:
            found.append(annotation)
    return found


def models_among(annotations: Iterable[Any]) -> list[type[BaseModel]]:
    """The models in types such as `dict[str, Field]` or `A | B | None`."""
    found: list[type[BaseModel]] = []
    for annotation in annotations:
        if is_model(annotation):
            found.append(annotation)
        else:
            found += models_among(get_args(annotation))
    return found


def is_model(annotation: Any) -> bool:
    """Whether a type is a section of the YAML with keys of its own."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def fitting(models: _Models, values: Mapping[str, Any]) -> _Models:
    """Those of several models that the values choose, as `kind: basic` does; else all."""
    chosen = [
        each
        for each in models
        if any(is_chosen_by(each, value) for value in values.values() if isinstance(value, str))
    ]
    return chosen or models


def kinds_of(models: _Models) -> list[str]:
    """The words by which several models are told apart, as in `kind: basic`."""
    fields = (each.model_fields.get("kind") for each in models)
    return [
        str(word)
        for field in fields
        if field is not None and get_origin(field.annotation) is Literal
        for word in get_args(field.annotation)
    ]


def is_chosen_by(model: type[BaseModel], tag: str) -> bool:
    """Whether `kind: tag` chooses this one among several models."""
    fields = model.model_fields.values()
    return any(
        get_origin(each.annotation) is Literal and get_args(each.annotation) == (tag,)
        for each in fields
    )


def has_key(model: type[BaseModel], key: str) -> bool:
    """Whether the model takes the key."""
    return key in keys_of([model])
