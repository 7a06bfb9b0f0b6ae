"""Runs with `pytest` in the project's folder; needs no Airflow."""

from include.readings import Reading, above


def test_only_warmer_readings_are_kept():
    cold, warm = Reading("north", 11.5), Reading("south", 24.0)
    assert above([cold, warm], celsius=20.0) == [warm]
    assert above([cold, warm], celsius=24.0) == []
