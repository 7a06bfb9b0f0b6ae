"""Fetches the newest reading of one weather station every hour and keeps the warm ones."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import dag, task

from include.readings import Reading, above


@dag(
    schedule="@hourly",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    tags=["example", "weather"],
)
def hourly_weather():
    @task
    def fetch() -> list[dict]:
        # A real project asks an API through a connection; an example needs no network.
        return [{"station": "north", "celsius": 11.5}, {"station": "south", "celsius": 24.0}]

    @task
    def keep_warm(rows: list[dict]) -> list[str]:
        readings = [Reading(**row) for row in rows]
        return [reading.station for reading in above(readings, celsius=20.0)]

    keep_warm(fetch())


hourly_weather()
