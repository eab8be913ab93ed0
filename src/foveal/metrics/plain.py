"""Results as plain values for JSON, which has no NaN: what is undefined is null."""

from foveal.metrics.contract import Results


def or_none(value: float) -> float | None:
    """The number; None: it is undefined."""
    return float(value) if value == value else None


def metrics_of(results: Results) -> dict[str, dict[str, float | str | None]]:
    """By metric its ``value``, the ends ``low`` and ``high`` of its interval, and which is ``better``."""
    return {
        name: {
            "value": or_none(i.value),
            "low": or_none(i.low),
            "high": or_none(i.high),
            "better": results.better[name],
        }
        for name, i in results.metrics.items()
    }


def per_class_of(results: Results) -> dict[str, dict[str, float | None]]:
    """By class its metrics."""
    return {name: {key: or_none(value) for key, value in values.items()} for name, values in results.per_class.items()}
