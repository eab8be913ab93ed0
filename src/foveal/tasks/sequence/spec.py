"""What is known of text before it is read. No torch until the network is built."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from foveal.artifact.card import Card
from foveal.data.streams.stream import Stream
from foveal.data.streams.text import is_text, read_text
from foveal.tasks.sequence.config import SequenceConfig
from foveal.tasks.sequence.output import SequenceOutput
from foveal.tasks.stream import OPTIM, UNUSED, StreamChoice, StreamOutput, StreamSpec
from foveal.types.streams.series_spec import SeriesSpec
from foveal.types.streams.text_spec import TextSpec

if TYPE_CHECKING:
    from foveal.models.recurrent.network import Recurrent

LR: Mapping[str, float] = {"lstm": 4e-3, "gru": 3e-3, "rnn": 1e-3}
"""Learning rates of AdamW; docs/LOG.md has what they reach on 1 MB of text in a quarter of an hour."""
STREAMS = 32
"""Streams side by side: more would take as long per character, but give fewer steps per pass."""
READ = 15_000_000
"""Characters that training reads, over all passes, where neither epochs nor a time are given."""


class SequenceSpec(StreamSpec[SequenceConfig]):
    """Text, character by character."""

    name: ClassVar[str] = "sequence"
    settings = SequenceConfig
    kind: ClassVar[str] = "text"
    unit: ClassVar[str] = "characters"
    data: ClassVar[str] = "text"
    rows: ClassVar[str] = "Characters"
    example: ClassVar[str] = "text.txt"
    generates: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "data": {"val_fraction": 0.1},
        "optim": OPTIM,
    }
    unused: ClassVar = UNUSED
    needs: ClassVar[Mapping[str, tuple[str, tuple[str, ...]]]] = {}

    def reads(self, path: Path) -> bool:
        """Whether it is a .txt file, or a folder of nothing else."""
        return is_text(path)

    def read(self, path: Path, own: SequenceConfig, spec: TextSpec | SeriesSpec | None = None) -> Stream:
        """A .txt file, or all of a folder."""
        assert spec is None or isinstance(spec, TextSpec), "the card of a model on text"
        return read_text(path, own.alphabet if spec is None else spec.unit, spec)

    def choose(self, own: SequenceConfig, num_steps: int) -> StreamChoice:
        """Fewer streams where the text is short: each of them is several windows long."""
        streams = max(1, min(STREAMS, num_steps // (4 * own.window)))
        return StreamChoice(streams, max(2, min(200, round(READ / max(1, num_steps)))), LR[own.cell])

    def begin(self, own: SequenceConfig, train: Stream) -> StreamOutput[SequenceConfig]:
        """With the alphabet of the text."""
        return SequenceOutput(train.spec, own)

    def open(self, card: Card) -> StreamOutput[SequenceConfig]:
        """With the model's alphabet."""
        return SequenceOutput(card.input_as(TextSpec), SequenceConfig.model_validate(card.own))

    def network(self, output: StreamOutput[SequenceConfig]) -> "Recurrent":
        """Embedding, cells, logits."""
        from foveal.models.recurrent.network import CharacterNetwork

        own = output.own
        assert isinstance(output.spec, TextSpec), "an output for text"
        return CharacterNetwork(output.spec.size, own, tied=own.tied, embedding=own.embedding)


SPEC = SequenceSpec()
