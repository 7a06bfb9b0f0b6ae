"""Weather readings. Ships with the image, because it lies outside `dags/`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One measurement of one station."""

    station: str
    celsius: float


def above(readings: list[Reading], celsius: float) -> list[Reading]:
    """Returns the readings warmer than `celsius`, in their order."""
    return [reading for reading in readings if reading.celsius > celsius]
