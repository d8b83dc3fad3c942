"""The name by which YAML files of release 1.0 find their class; nothing else is here."""

from catalog_pipeline.orchestration.definitions.component import CatalogueComponent

__all__ = ["CatalogueComponent"]
