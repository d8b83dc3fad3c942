"""Dynamic partitions put in order, as Dagster's ranges follow it."""

import dagster as dg

from catalog_pipeline.orchestration.instance.partition_order import sort_partitions


def test_partitions_are_put_in_order_and_none_is_lost(instance: dg.DagsterInstance):
    keys = [f"{name}-{number}" for number in range(300) for name in ("b", "a")]
    instance.add_dynamic_partitions("shop_pages", keys)
    instance.add_dynamic_partitions("other_pages", ["2", "1"])
    sort_partitions(instance, "shop_pages", _parts)
    wanted = sorted(keys, key=_parts)
    assert list(instance.get_dynamic_partitions("shop_pages")) == wanted
    assert list(instance.get_dynamic_partitions("other_pages")) == ["2", "1"]


def _parts(key: str) -> tuple[str, int]:
    name, _, number = key.partition("-")
    return name, int(number)
