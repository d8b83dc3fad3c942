"""The name by which a catalogue of release 1.0 finds its class; nothing else is here."""

from catalog_pipeline.orchestration.definitions.component import CatalogueComponent

__all__ = ["CatalogueComponent"]
