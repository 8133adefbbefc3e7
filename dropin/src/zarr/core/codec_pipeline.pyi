# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.pipeline.batch import BatchedCodecPipeline as BatchedCodecPipeline
from terrazzo.pipeline.batch import BatchedCodecPipeline as FusedCodecPipeline
