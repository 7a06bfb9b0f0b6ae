"""Two DAGs joined by an asset: one lands the day's orders, the other sums them up as soon as they are there."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import Asset, dag, task

ORDERS = Asset("example://shop/orders")


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False, tags=["example", "orders"])
def land_orders():
    @task(outlets=[ORDERS])
    def land() -> int:
        orders = [("book", 2), ("pen", 5)]
        return sum(count for _, count in orders)

    land()


@dag(schedule=[ORDERS], start_date=datetime(2025, 1, 1), catchup=False, tags=["example", "orders"])
def sum_up_orders():
    @task
    def sum_up() -> str:
        return "orders are in"

    sum_up()


land_orders()
sum_up_orders()
