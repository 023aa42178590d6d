"""Measure the speed of an endpoint (`speed`, `%qwq_speed`)."""
