"""The definitions of all catalogues' files, each loaded by itself as Dagster loads components.

So whatever a component's file may hold is honoured (templates, requirements, post-processing), and
a mistake in one file leaves the others as they are.
"""

import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

import dagster as dg

from catalog_pipeline.catalogue.files import read_component
from catalog_pipeline.catalogue.finding import Found
from catalog_pipeline.catalogue.key_prefix import key_prefix_of
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.errors import CatalogPipelineError, CatalogueError
from catalog_pipeline.orchestration.definitions.broken import broken_definitions, mistakes_are_fatal


def build_location(found: Found) -> dg.Definitions:
    """All catalogues; one that cannot be used shows why instead of its assets.

    Raises:
        CatalogPipelineError: the definitions are being validated, and not all can be used.
    """
    # Dagster says so of every check in a code location, when it is asked for its definitions.
    warnings.filterwarnings("ignore", ".*`execution_type`", dg.BetaWarning)
    loaded: list[dg.Definitions] = []
    steps: dict[str, str] = {}
    errors: dict[str, CatalogPipelineError] = {**found.doubled}
    for name, path in found.files.items():
        try:
            definitions = _load(name, path)
            steps |= _new_steps(name, path, definitions, steps)
            loaded.append(definitions)
        except CatalogPipelineError as error:
            errors[name] = error
    if errors and mistakes_are_fatal():
        raise _all_of(list(errors.values()))
    broken = (
        broken_definitions(
            name, error, key_prefix_of(found.files[name]) if name in found.files else ()
        )
        for name, error in errors.items()
    )
    return dg.Definitions.merge(*loaded, *broken)


def _new_steps(
    name: str, path: Path, definitions: dg.Definitions, taken: Mapping[str, str]
) -> dict[str, str]:
    """The steps of a file by their names, which Dagster wants to be each of its own.

    Raises:
        CatalogueError: another catalogue has one of them: `a__b` is named as `b` below `a` is.
    """
    steps = {
        asset.node_def.name: name
        for asset in definitions.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
    }
    for step in sorted(steps.keys() & taken.keys()):
        problem = f"its step would be named {step}, as one of the catalogue {taken[step]} is"
        raise CatalogueError.of(name, [Mistake("", problem, path=path)])
    return steps


def _all_of(errors: Sequence[CatalogPipelineError]) -> CatalogPipelineError:
    if len(errors) == 1:
        return errors[0]
    return CatalogPipelineError("\n".join(str(error) for error in errors))


def _load(name: str, path: Path) -> dg.Definitions:
    # What is no component's file is said in our words, and not in those of Dagster's parser.
    read_component(path)
    folder = path.parent
    tree = dg.ComponentTree.from_module(
        defs_module=_module_of(name, folder), project_root=folder.parent
    )
    try:
        with warnings.catch_warnings():
            # Of Dagster's own calls of what it may still change; ours are shown.
            for category in (dg.BetaWarning, dg.PreviewWarning, DeprecationWarning):
                warnings.simplefilter("ignore", category)
            return tree.build_defs(folder)
    except Exception as error:
        raise _cause(name, path, error) from error


def _module_of(name: str, folder: Path) -> ModuleType:
    """A package for the folder, by which the file can name Python modules beside it."""
    spec = ModuleSpec(f"catalog_pipeline_defs_{name}", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    module = module_from_spec(spec)
    module.__file__ = None
    sys.modules[spec.name] = module
    return module


def _cause(name: str, path: Path, error: BaseException) -> CatalogPipelineError:
    """The mistake that Dagster wraps into errors of its own."""
    cause: BaseException | None = error
    deepest = error
    while cause is not None:
        if isinstance(cause, CatalogPipelineError):
            return cause
        deepest = cause
        cause = cause.__cause__ or cause.__context__
    return CatalogueError(name, str(path), str(deepest).strip().rstrip("."))
