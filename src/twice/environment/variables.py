"""Environment variables that choose which numerical code runs, or on how many threads."""

from __future__ import annotations

import os
from collections.abc import Mapping

PREFIXES = (
    "OMP_",  # OpenMP: threads, schedules, binding
    "GOMP_",  # GNU's OpenMP
    "KMP_",  # Intel's and LLVM's OpenMP
    "OPENBLAS_",  # threads, and the kernel by OPENBLAS_CORETYPE
    "GOTO_",  # the older name of the same
    "MKL_",  # threads, and reproducible kernels by MKL_CBWR
    "BLIS_",  # threads and kernels
    "VECLIB_",  # Apple's Accelerate
    "NUMEXPR_",  # threads
    "NUMBA_",  # threads, fast maths, the processor to compile for
    "ONEDNN_",  # the instruction set: ONEDNN_MAX_CPU_ISA
    "DNNL_",  # the older name of the same
    "NVIDIA_TF32_",  # rounding of matrix products on GPUs
    "CUBLAS_",  # workspaces: CUBLAS_WORKSPACE_CONFIG decides whether sums are ordered
    "CUDNN_",  # algorithms
    "RAYON_",  # threads of libraries in Rust
)
"""Families of variables: every variable that begins so. Only families in which nobody keeps a secret."""

NAMES = (
    "NPY_DISABLE_CPU_FEATURES",  # NumPy's vector code paths: last bits of exp, log, power
    "NPY_ENABLE_CPU_FEATURES",
    "ATEN_CPU_CAPABILITY",  # PyTorch's vector code paths: softmax, layer norm, even seeded randn
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "PYTORCH_CUDA_ALLOC_CONF",
    "GLIBC_TUNABLES",  # the C library's code paths: last bits of exp, sin, pow
    "CUDA_VISIBLE_DEVICES",  # which GPU
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "CUDA_LAUNCH_BLOCKING",
    "TF_CUDNN_DETERMINISTIC",
    "TF_CUDNN_USE_AUTOTUNE",
    "TF_DETERMINISTIC_OPS",  # not all of TF_, which is also where Terraform keeps passwords
    "TF_ENABLE_ONEDNN_OPTS",  # other kernels, other last bits
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_XLA_FLAGS",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_DEFAULT_PRNG_IMPL",  # which generator
    "JAX_DISABLE_JIT",
    "JAX_ENABLE_X64",  # double precision
    "JAX_NUMPY_DTYPE_PROMOTION",
    "JAX_PLATFORMS",  # which processor
    "JAX_THREEFRY_PARTITIONABLE",  # changes all numbers of a key
    "POLARS_ENGINE_AFFINITY",
    "POLARS_MAX_THREADS",  # the order of sums
    "POLARS_STREAMING_CHUNK_SIZE",
    "XLA_FLAGS",  # compiler choices: determinism, instruction set, fast maths
    "LOKY_MAX_CPU_COUNT",  # how joblib splits its work
    "PYTHON_CPU_COUNT",  # what os.cpu_count() says
    "ARROW_USER_SIMD_LEVEL",  # Arrow's vector code paths
    "SKLEARN_RUNTIME_SIMD",
    "SCIPY_USE_PROPACK",  # which solver
    "SCIPY_ARRAY_API",
)
"""Single variables."""

PINNED = frozenset(
    {
        "BLIS_NUM_THREADS",
        "CUBLAS_WORKSPACE_CONFIG",
        "GOTO_NUM_THREADS",
        "LOKY_MAX_CPU_COUNT",
        "MKL_DYNAMIC",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "NUMEXPR_MAX_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OMP_DYNAMIC",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "PYTHON_CPU_COUNT",
        "RAYON_NUM_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    }
)
"""Those that a worker always gets from its determinism settings, so that what they are here changes nothing."""

# Libraries set these for themselves when they are imported; they are no choice of anybody's.
_BY_LIBRARIES = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")
# Folders and switches for messages say nothing about numbers.
_ELSEWHERE = ("_DIR", "_DIRECTORY", "_PATH", "_HOME", "_ROOT", "_FILE", "_VERBOSE", "_LOG_LEVEL")


def variables(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that are set and choose numerical code paths or threads, sorted by name.

    Words with a slash are left out of the values (``--xla_dump_to=/home/me``), since environments hold no paths.

    Args:
        environ: Where to look; by default ``os.environ``.
    """
    environ = os.environ if environ is None else environ
    found = {}
    for name in sorted(environ):
        if name in NAMES or (name.startswith(PREFIXES) and not name.endswith(_ELSEWHERE) and name not in _BY_LIBRARIES):
            value = " ".join(word for word in environ[name].split() if "/" not in word)
            if value:
                found[name] = value
    return found
