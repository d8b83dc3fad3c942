"""Templates in the values of a YAML, `{{ env.SHOP_URL }}`, as Dagster's components have them.

Here is what needs no Dagster: the environment. What else a template may name (a project's own
variables) only Dagster knows; whoever has it passes a renderer in, and who has none refuses.

What a YAML says is shown in the web UI, in logs and in tables, so a variable that looks like a
credential has no place in a template, and mistakes show the template and not what it gave.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.template_bounds import check_bounds

if TYPE_CHECKING:
    from jinja2 import nodes

Renderer = Callable[[str], Any]
"""Turns a text with templates into what they stand for; whatever goes wrong comes out of it."""

_BRACKETS = (("{{", "}}"), ("{%", "%}"))
_CREDENTIAL = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|(API|ACCESS|PRIVATE|AUTH)_?KEY|COOKIE",
    re.IGNORECASE,
)
_CREDENTIAL_KEYS = ("username_env", "password_env", "token_env")
_SHOWN = 200
_SHORTEST_HIDDEN = 3
"""Values shorter than this are in too many texts to be told from them."""


@dataclass
class Rendered:
    """Attributes with their templates filled in, and what could not be."""

    attributes: dict[str, Any] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    """Values that came of templates, and the template of each."""

    def without_values(self, mistake: Mistake) -> Mistake | None:
        """The mistake with templates in place of their values; None if a template explains it."""
        places = [each.field for each in self.mistakes]
        if any(mistake.field == place or mistake.field.startswith(f"{place}.") for place in places):
            return None
        problem = mistake.problem
        for value in sorted(self.given, key=len, reverse=True):
            if len(value) >= _SHORTEST_HIDDEN:
                for text in (repr(value)[1:-1], value):
                    problem = problem.replace(text, self.given[value])
        return replace(mistake, problem=problem)


def render(
    attributes: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
    elsewhere: Renderer | None = None,
) -> Rendered:
    """Fill in the templates of all values; keys have none.

    A template of the environment gives text, which means what it would mean written in its place.
    """
    rendered = Rendered()
    filler = _Filler(rendered, environ, elsewhere, _credentials(attributes))
    rendered.attributes = filler.fill(attributes, ())
    return rendered


def is_template(text: str) -> bool:
    """Whether there is something to fill in."""
    return any(
        (start := text.find(opening)) >= 0 and text.find(closing, start + len(opening)) >= 0
        for opening, closing in _BRACKETS
    )


class _UnsetError(Exception):
    """A variable of the environment that a template names is not set."""


class _Environment:
    """What `env` is within a template: `env.NAME`, or `env('NAME', 'otherwise')`."""

    # Jinja's sandbox asks for these before it calls anything.
    unsafe_callable = False
    alters_data = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getattr__(self, name: str) -> str:
        # Jinja asks every value for attributes of its own.
        if name.startswith(("jinja", "__")):
            raise AttributeError(name)
        return self(name)

    def __call__(self, name: str, otherwise: str | None = None) -> str:
        value = self._environ.get(name, otherwise)
        if value is None:
            raise _UnsetError(f"the environment variable {name} is not set")
        return value


class _Filler:
    def __init__(
        self,
        rendered: Rendered,
        environ: Mapping[str, str],
        elsewhere: Renderer | None,
        credentials: frozenset[str],
    ) -> None:
        self._rendered = rendered
        self._environ = environ
        self._elsewhere = elsewhere
        self._credentials = credentials

    def fill(self, value: Any, place: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            return {key: self.fill(inner, (*place, str(key))) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner, (*place, str(n))) for n, inner in enumerate(value)]
        if not isinstance(value, str) or not is_template(value):
            return value
        try:
            filled = self._filled(value)
        except _UnsetError as error:
            return self._report(place, str(error), value)
        except RecursionError:
            return self._report(place, "a template that is nested too deep to be filled in", value)
        except Exception as error:
            shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
            return self._report(place, f"{shown} cannot be filled in: {error}", value)
        if isinstance(filled, str):
            self._rendered.given.setdefault(filled, value)
        return filled

    def _filled(self, text: str) -> Any:
        # Imported when a YAML has templates; few have.
        from jinja2 import StrictUndefined, meta
        from jinja2.sandbox import SandboxedEnvironment

        jinja = SandboxedEnvironment(undefined=StrictUndefined)
        parsed = jinja.parse(text)
        check_bounds(parsed)
        self._look_up(parsed)
        others = meta.find_undeclared_variables(parsed) - {"env"}
        if not others:
            return jinja.from_string(text).render(env=_Environment(self._environ))
        if self._elsewhere is None:
            names = ", ".join(sorted(others))
            raise ValueError(
                f"the command knows env alone, as in {{{{ env.NAME }}}}, and not {names}"
            )
        return self._elsewhere(text)

    def _look_up(self, parsed: nodes.Template) -> None:
        """Refuse variables that are not set or must not be shown; note the values of the others.

        Done for all templates, since Dagster takes a variable that is not set for nothing.
        """
        for name, has_default in _variables(parsed):
            if name in self._credentials or _CREDENTIAL.search(name):
                raise ValueError(
                    f"{name} looks like a credential, and what a YAML says is shown in the web UI, "
                    f"in logs and in tables; declare a login, which takes names of variables"
                )
            if name in self._environ:
                self._rendered.given[self._environ[name]] = f"{{{{ env.{name} }}}}"
            elif not has_default:
                raise _UnsetError(f"the environment variable {name} is not set")

    def _report(self, place: tuple[str, ...], problem: str, value: str) -> str:
        self._rendered.mistakes.append(Mistake(".".join(place), problem))
        return value


def _variables(parsed: nodes.Template) -> Iterator[tuple[str, bool]]:
    """The variables of the environment that a template names, and whether it has a default."""
    from jinja2 import nodes

    for node in parsed.find_all((nodes.Getattr, nodes.Getitem, nodes.Call)):
        if not any(_is_env(child) for child in node.iter_child_nodes(only=["node"])):
            continue
        if isinstance(node, nodes.Getattr):
            yield node.attr, False
        elif isinstance(node, nodes.Call) and node.args and isinstance(node.args[0], nodes.Const):
            yield str(node.args[0].value), len(node.args) + len(node.kwargs) > 1
        else:
            raise ValueError("write env.NAME, or env('NAME', 'otherwise')")


def _is_env(node: nodes.Node) -> bool:
    from jinja2 import nodes

    return isinstance(node, nodes.Name) and node.name == "env"


def _credentials(attributes: Mapping[str, Any]) -> frozenset[str]:
    login = attributes.get("login")
    given = [login.get(key) for key in _CREDENTIAL_KEYS] if isinstance(login, Mapping) else []
    return frozenset(name for name in given if isinstance(name, str))
