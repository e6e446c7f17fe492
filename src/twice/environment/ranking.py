"""How much each part of an environment can move numbers: the order in which differences are told.

From measurements on 70 seeded workloads: BLAS kernels, vector code paths and the C library move last bits; another
version of a numeric package may do anything; a kernel's release was never seen to move a number.
"""

from __future__ import annotations

NUMERIC_DISTRIBUTIONS = (
    "numpy",
    "scipy",
    "torch",
    "tensorflow",
    "jax",
    "jaxlib",
    "keras",
    "scikit-learn",
    "pandas",
    "polars",
    "xgboost",
    "lightgbm",
    "catboost",
    "statsmodels",
    "numba",
    "cupy",
    "pyarrow",
    "duckdb",
    "transformers",
)
"""Distributions whose own code makes numbers, the most widely built upon first."""

NUMERIC_FLAGS = (
    # x86: the sets that NumPy, OpenBLAS, MKL, oneDNN, ATen and glibc choose their kernels by.
    "avx512f",
    "avx2",
    "fma",
    "avx",
    "amx_tile",
    "amx_bf16",
    "amx_int8",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512cd",
    "avx512_bf16",
    "avx512_fp16",
    "avx512_vnni",
    "avx_vnni",
    "avx512ifma",
    "avx512vbmi",
    "avx512_vbmi2",
    "avx512_bitalg",
    "avx512_vpopcntdq",
    "f16c",
    "fma4",
    "sse4_2",
    "sse4_1",
    "ssse3",
    # ARM
    "sve2",
    "sve",
    "sme",
    "asimdhp",
    "fphp",
    "asimddp",
    "asimdfhm",
    "bf16",
    "i8mm",
    "asimd",
    "feat_bf16",
    "feat_fp16",
    "feat_dotprod",
    "feat_i8mm",
    "feat_sme",
)
"""Instruction sets that numeric code chooses its path by, the ones that moved most first."""

KINDS = (
    "system",
    "interpreter",
    "library",
    "cpu",
    "variable",
    "libc",
    "distribution",
    "cores",
    "model",
    "kernel",
)
"""Kinds of difference, in the order in which they are told; distributions that are reached come before all of them."""
