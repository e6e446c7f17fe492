"""Small real programs, each with the one cause that makes it differ; and clean ones, which must be found identical."""

from __future__ import annotations

import os

DIFFERENT = """
def urandom():  # entropy
    return os.urandom(4).hex()
def system_random():  # entropy
    return random.SystemRandom().random()
def unseeded():  # entropy
    return random.Random().random()
def reseeded():  # entropy
    random.seed()
    return random.random()
def generator():  # entropy
    return float(np.random.default_rng().random())
def legacy():  # entropy
    return float(np.random.RandomState().rand())
def uuid_four():  # entropy
    return str(uuid.uuid4())
def uuid_one():  # entropy
    return str(uuid.uuid1())
def secret():  # entropy
    return secrets.token_hex(4)
def wall():  # clock
    return time.time()
def nanoseconds():  # clock
    return time.time_ns()
def now():  # clock
    return {"rows": 3, "made": datetime.now().isoformat()}
def elapsed():  # clock
    start = time.perf_counter()
    return time.perf_counter() - start
def limited():  # clock
    start, depth = time.time(), 0
    while time.time() - start < 0.02:
        depth += 1
    return depth
def seeded_by_the_clock():  # clock
    return random.Random(time.time_ns()).random()
def address():  # memory-addresses
    return repr(object())
def identity():  # memory-addresses
    return id([]) % 1000003
def order_of_objects():  # memory-addresses
    things = {type(f"T{n}", (), {"n": n}) for n in range(12)}
    return [thing.n for thing in sorted(things, key=id)] + [id(things) % 10007]
def temporary():  # path
    with tempfile.NamedTemporaryFile() as file:
        return os.path.basename(file.name)
def temporary_folder():  # path
    folder = tempfile.mkdtemp()
    os.rmdir(folder)
    return os.path.basename(folder)
def process():  # user-environment
    return os.getpid()
def folder():  # path
    return "in " + os.getcwd()
def shuffled():  # entropy
    items = list(range(50))
    random.SystemRandom().shuffle(items)
    return items
def choice():  # entropy
    return secrets.choice(range(10**9))
def below():  # entropy
    return secrets.randbelow(10**9)
def url_safe():  # entropy
    return secrets.token_urlsafe(6)
def random_bits():  # entropy
    return random.SystemRandom().getrandbits(40)
def kernel_entropy():  # entropy
    return os.getrandom(6).hex()
def device():  # entropy
    with open("/dev/urandom", "rb") as file:
        return file.read(6).hex()
def permuted():  # entropy
    return np.random.default_rng().permutation(40)
def reseeded_numpy():  # entropy
    np.random.seed(None)
    return np.random.rand(3)
def bit_generator():  # entropy
    return int(np.random.PCG64().random_raw())
def seed_sequence():  # entropy
    return int(np.random.SeedSequence().generate_state(1)[0])
def noise_in_a_frame():  # entropy
    import pandas as pd
    return pd.DataFrame({"x": range(5), "noise": np.random.default_rng().normal(size=5)})
def sampled_frame():  # entropy
    import pandas as pd
    return pd.DataFrame({"x": range(100)}).sample(5, random_state=np.random.default_rng())
def unseeded_forest():  # entropy
    from sklearn.ensemble import RandomForestClassifier
    X, y = np.random.default_rng(1).normal(size=(60, 3)), np.arange(60) % 2
    return RandomForestClassifier(3, random_state=np.random.RandomState()).fit(X, y).predict_proba(X)
def unseeded_split():  # entropy
    from sklearn.model_selection import train_test_split
    return train_test_split(np.arange(40), random_state=np.random.RandomState())[1]
def unseeded_clusters():  # entropy
    from sklearn.cluster import KMeans
    X = np.random.default_rng().normal(size=(80, 2))
    return KMeans(3, n_init=1, random_state=0).fit(X).cluster_centers_
def in_a_thread():  # entropy
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(secrets.token_hex, 4).result()
def named_by_uuid():  # entropy
    return {"rows": 5, "run": str(uuid.uuid4())}
def helper_deep_down():  # entropy in drawn_in_a_helper
    return sum(drawn_in_a_helper() for _ in range(3))
def stamped():  # clock
    return f"trained at {time.strftime('%H:%M:%S')} {time.time():.3f}"
def today():  # clock
    return {"age": (datetime.now() - datetime(2000, 1, 1)).total_seconds()}
def coordinated():  # clock
    return datetime.now(timezone.utc).isoformat()
def ticking():  # clock
    return time.monotonic_ns()
def processor_time():  # clock
    return time.perf_counter_ns()
def file_times():  # clock
    with open("stamp.txt", "w") as file:
        file.write(str(time.time()))
    with open("stamp.txt") as file:
        return file.read()
def as_long_as_it_lasts():  # clock
    end, total = time.monotonic() + 0.01, 0
    while time.monotonic() < end:
        total += 1
    return {"rounds": total}
def early_stop():  # clock
    from sklearn.linear_model import SGDRegressor
    X, y = np.arange(20.0).reshape(-1, 1) / 20, np.arange(20.0)
    model = SGDRegressor(random_state=0).partial_fit(X, y)
    start = time.perf_counter()
    while time.perf_counter() - start < 0.3:
        model.partial_fit(X, y)
    return [model.coef_, model.t_]
def timed_search():  # clock
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV
    X, y = np.arange(30.0).reshape(-1, 1), np.arange(30.0)
    return GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, cv=3).fit(X, y).cv_results_["mean_fit_time"]
def told_of_objects():  # memory-addresses
    return {"model": str(object()), "score": 1.0}
def never_written():  # memory-addresses
    used = [str(n) for n in range(700)]
    del used
    return np.empty(700).view("int64")
def hashed_object():  # memory-addresses
    return hash(object())
def named_after_its_place():  # memory-addresses
    return f"cache-{id(datetime)}-{id([])}"
def made_and_named():  # path
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        return {"saved in": folder}
def working_folder():  # path
    return os.path.abspath("model.bin")
def machine():  # user-environment
    return f"{os.getpid()} {os.getppid()}"
def finished_first():  # threads
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(busy, number) for number in range(12)]
        return [future.result() for future in as_completed(waiting)]
def raced():  # threads
    order = []
    threads = [threading.Thread(target=lambda n=n: (busy(9 + n % 3), order.append(n))) for n in range(10)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return order
def seeded_by_a_uuid():  # entropy
    return np.random.default_rng(uuid.uuid4().int).integers(10**9)
def fetched():  # network
    asked = http.client.HTTPConnection("127.0.0.1", int(open("port.txt").read()), timeout=20)
    asked.request("GET", "/prices")
    return asked.getresponse().read().decode()
def fetched_each_time():  # network
    asked = http.client.HTTPConnection("127.0.0.1", int(open("port.txt").read()), timeout=20)
    asked.request("GET", "/counter")
    return asked.getresponse().read().decode()
def from_the_kernel():  # entropy
    import ctypes
    drawn = ctypes.create_string_buffer(8)
    ctypes.CDLL(None).getrandom(drawn, 8, 0)
    return drawn.raw.hex()
def grouped():  # entropy
    import polars as pl
    return pl.DataFrame({"k": [n % 97 for n in range(5000)], "x": range(5000)}).group_by("k").sum()
def torch_seeded_anew():  # entropy
    import torch
    torch.seed()
    return torch.randn(3)
def two_at_once():  # entropy+clock
    return [os.urandom(2).hex(), time.time()]
def lost_updates():  # threads
    totals = [0, 0, 0, 0]
    def add(which):
        for _ in range(2000):
            seen = totals[which]
            if seen % (97 - 6 * which) == 0:
                time.sleep(0)
            totals[which] = seen + 1
    threads = [threading.Thread(target=add, args=(n % 4,)) for n in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return totals
def inside_a_library():  # entropy
    from scipy.stats import qmc
    return qmc.Halton(2).random(2)
def not_a_number_somewhere():  # entropy
    numbers = np.ones(500)
    numbers[secrets.randbelow(500)] = np.nan
    return numbers
def stamped_object():  # clock
    thing = Thing(["a"])
    thing.made = datetime.now()
    return thing
def another_program():  # unknown
    return subprocess.check_output([sys.executable, "-c", "import time; print(time.time())"])
def unordered():  # threads
    with ThreadPool(4) as pool:
        return list(pool.imap_unordered(busy, range(12)))
def drawn_by_workers():  # entropy in drawn_in_a_helper
    import torch
    return [batch.tolist() for batch in torch.utils.data.DataLoader(Drawn(), batch_size=4, num_workers=2)]
def generator_of_torch():  # entropy
    import torch
    generator = torch.Generator()
    generator.seed()
    return torch.randn(3, generator=generator)
def left_and_stamped():  # clock+data
    place = os.path.join(tempfile.gettempdir(), "left-and-stamped-" + str(os.getuid()))
    met = os.path.exists(place)
    open(place, "w").close()
    return ["met" if met else "began afresh", time.time()]
def cached_from_before():  # data
    place = os.path.join(tempfile.gettempdir(), "left-" + str(os.getuid()) + ".txt")
    if os.path.exists(place):
        return open(place).read()
    open(place, "w").write("met")
    return "computed"
def outside():  # data
    return open(os.path.join(tempfile.gettempdir(), "outside.txt")).read()
def listed():  # directory-order
    return os.listdir(open("listed.txt").read())
def all_variables():  # user-environment
    return dict(os.environ).get("ADDED_EXAMPLE_MODE", "none")
def variable():  # user-environment
    return os.environ.get("TWICE_EXAMPLE_MODE", "none")
"""
"""Each step's cause stands behind its first line, and the function in whose lines it enters where that is another."""

CLEAN = """
def global_random():
    return random.random()
def global_numpy():
    return np.random.rand(3)
def seeded():
    return random.Random(1).random()
def seeded_generator():
    return np.random.default_rng(1).random(4)
def split():
    from sklearn.model_selection import train_test_split
    return train_test_split(np.arange(20))[0]
def hashed():
    return hash("text")
def set_order():
    return list({"alpha", "beta", "gamma", "delta"})
def dates():
    return datetime.fromtimestamp(0).isoformat()
def timed_and_kept_to_itself():
    start = time.perf_counter()
    total = sum(range(1000))
    time.perf_counter() - start
    return total
def named_and_kept_to_itself():
    with tempfile.TemporaryDirectory() as folder:
        return len(os.listdir(folder))
def drawn_and_kept_to_itself():
    return len(os.urandom(8))
def pooled_in_order():
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(abs, range(-5, 0)))
def counted():
    LEFT_OVER.append(1)
    return len(LEFT_OVER)
def remembered():
    return [summed(10), summed(10)]
def archived():
    import gzip
    return gzip.compress(b"text", mtime=0)
def solved():
    return np.linalg.solve(np.arange(9.0).reshape(3, 3) + np.eye(3), np.ones(3))
def framed():
    import pandas as pd
    return pd.DataFrame({"k": [1, 1, 2], "x": [1.0, 2.0, 3.0]}).groupby("k").x.mean()
def forest():
    from sklearn.ensemble import RandomForestClassifier
    X, y = np.random.default_rng(1).normal(size=(60, 3)), np.arange(60) % 2
    return RandomForestClassifier(3).fit(X, y)
def clusters():
    from sklearn.cluster import KMeans
    return KMeans(3, n_init=1).fit(np.random.default_rng(1).normal(size=(80, 2)))
def network():
    from sklearn.neural_network import MLPRegressor
    X = np.linspace(0, 1, 40).reshape(-1, 1)
    return MLPRegressor(hidden_layer_sizes=(4,), max_iter=20).fit(X, X.ravel())
def boosted():
    from sklearn.ensemble import GradientBoostingRegressor
    X = np.linspace(0, 1, 40).reshape(-1, 1)
    return GradientBoostingRegressor(n_estimators=5, subsample=0.5).fit(X, X.ravel())
def pipelined():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    X, y = np.random.default_rng(1).normal(size=(60, 3)), np.arange(60) % 2
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
def cross_validated():
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_score
    X = np.arange(30.0).reshape(-1, 1)
    return cross_val_score(Ridge(), X, X.ravel(), cv=3)
def words():
    from sklearn.feature_extraction.text import TfidfVectorizer
    return TfidfVectorizer(stop_words="english").fit(["a cat sat", "the dog ran", "a cat ran"])
def components():
    from sklearn.decomposition import PCA
    return PCA(2).fit_transform(np.random.default_rng(1).normal(size=(50, 4)))
def shuffled_by_the_global_one():
    items = list(range(20))
    random.shuffle(items)
    return items
def sampled():
    import pandas as pd
    return pd.DataFrame({"x": range(100)}).sample(5)
def hashed_words():
    return {word: hash(word) % 100 for word in ("alpha", "beta", "gamma")}
def dict_of_sets():
    return {key: list({"x", "y", "z"}) for key in ("a", "b")}
def frozen_sets():
    return [list(frozenset("determinism")), "".join({"p", "q", "r", "s"})]
def sorted_listing():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("b", "a", "c"):
            open(os.path.join(folder, name), "w").close()
        return sorted(os.listdir(folder))
def listing():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("b", "a", "c"):
            open(os.path.join(folder, name), "w").close()
        return os.listdir(folder)
def local_date():
    return datetime.fromtimestamp(1_700_000_000).strftime("%A %d %B %Y %H:%M")
def number_words():
    import locale
    return [locale.localeconv()["decimal_point"], f"{1234567.891:n}", sorted("aZbÄz", key=locale.strxfrm)]
def zone():
    return [time.tzname, time.timezone]
def zipped():
    import io, zipfile
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "text")
    with open("archive.zip", "wb") as file:
        file.write(made.getvalue())
    from pathlib import Path
    return Path("archive.zip")
def compressed():
    import gzip
    from pathlib import Path
    with gzip.open("text.gz", "wt") as file:
        file.write("text")
    return Path("text.gz")
def parquet():
    from pathlib import Path
    import pandas as pd
    pd.DataFrame({"x": [1, 2, 3]}).to_parquet("table.parquet")
    return Path("table.parquet")
def arrays_in_a_file():
    from pathlib import Path
    np.savez("arrays.npz", a=np.arange(3), b=np.ones(2))
    return Path("arrays.npz")
def pickled():
    import pickle
    return pickle.loads(pickle.dumps({"a": ["x", "x"], "b": ("x",)}))
def shared():
    row = [1, 2]
    return [row, row, list(row)]
def printed():
    return [repr(0.1 + 0.2), f"{1e22:g}", str(np.float32(0.1))]
def summed_in_threads():
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(busy, range(12)))
def completed_and_sorted():
    with ThreadPoolExecutor(4) as pool:
        return sorted(future.result() for future in as_completed([pool.submit(busy, n) for n in range(8)]))
def locked():
    lock, total = threading.Lock(), [0]
    def add():
        for _ in range(100):
            with lock:
                total[0] += 1
    threads = [threading.Thread(target=add) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return total[0]
def multiplied():
    matrix = np.random.default_rng(1).normal(size=(200, 200))
    return matrix @ matrix.T
def factors():
    return np.linalg.svd(np.random.default_rng(1).normal(size=(60, 40)))[1]
def sorted_groups():
    import polars as pl
    return pl.DataFrame({"k": ["b", "a", "b"], "x": [1, 2, 3]}).group_by("k").sum().sort("k")
def joined():
    import pandas as pd
    left = pd.DataFrame({"k": [1, 2, 3], "a": list("xyz")})
    return left.merge(pd.DataFrame({"k": [3, 1], "b": [0.5, 0.25]}), how="left")
def tensors():
    import torch
    return torch.randn(4)
def trained():
    import torch
    model = torch.nn.Linear(3, 1)
    loss = model(torch.ones(2, 3)).sum()
    loss.backward()
    return {"weight": model.weight.detach(), "gradient": model.weight.grad}
def loaded_in_batches():
    import torch
    data = torch.utils.data.TensorDataset(torch.arange(12.0))
    return [batch[0].tolist() for batch in torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)]
def cached_on_disk():
    if os.path.exists("left.txt"):
        return "met what an earlier run left"
    with open("left.txt", "w") as file:
        file.write("left")
    return "began afresh"
def changed_in_place():
    rows = SHARED["rows"]
    rows.append(len(rows))
    return rows
def with_the_clock_set():
    return datetime(2024, 2, 29).isoformat() + time.strftime("%Y", time.gmtime(0))
def identifiers():
    return [str(uuid.uuid5(uuid.NAMESPACE_DNS, "twice")), str(uuid.UUID(int=7))]
def seeded_sources():
    return [np.random.RandomState(3).rand(), float(np.random.default_rng(3).random()), random.Random("x").random()]
def figure():
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    drawn, axes = pyplot.subplots(figsize=(2, 2))
    axes.plot([1, 2, 3])
    return drawn
def drawn_to_a_file():
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from pathlib import Path
    drawn, axes = pyplot.subplots(figsize=(2, 2))
    axes.plot([1, 2, 3])
    drawn.savefig("drawn.svg")
    return Path("drawn.svg")
def set_in_an_object():
    return Thing(["a", "b", "c", "d"])
def logged():
    import logging
    logging.getLogger("x").warning("said")
    return 1
def changed_since():
    return open("changed.txt").read()
def hashed_in_a_child():
    return subprocess.check_output([sys.executable, "-c", "print({'a', 'b', 'c', 'd'}, hash('text'))"]).decode()
def parsed():
    import locale
    return [locale.atof("1234.5"), datetime.strptime("29 February 2024", "%d %B %Y").isoformat()]
def mapped_by_processes():
    with multiprocessing.Pool(2) as pool:
        return pool.map(busy, range(6))
def loaded_by_workers():
    import torch
    batches = torch.utils.data.DataLoader(Noisy(), batch_size=4, num_workers=2, shuffle=True)
    return [batch.tolist() for batch in batches]
def remembered_by_chance():
    return [words_by_chance(), {"again": words_by_chance()}]
def pickled_by_chance():
    import pickle
    from pathlib import Path
    Path("words.pkl").write_bytes(pickle.dumps(words_by_chance()))
    return Path("words.pkl")
def picture_with_its_date():
    from pathlib import Path
    from PIL import Image, PngImagePlugin
    told = PngImagePlugin.PngInfo()
    told.add_text("Creation Time", str(time.time()))
    Image.new("L", (4, 4), 7).save("picture.png", pnginfo=told)
    return Path("picture.png")
def workbook():
    from pathlib import Path
    import pandas as pd
    pd.DataFrame({"x": [1, 2]}).to_excel("book.xlsx")
    return Path("book.xlsx")
def groups_in_order():
    import polars as pl
    return pl.DataFrame({"k": [n % 97 for n in range(5000)]}).group_by("k", maintain_order=True).len()
def set_how_to_print():
    np.set_printoptions(precision=3)
    return str(np.array([1 / 3, 2e10]))
"""

HEAD = """
import functools, http.client, multiprocessing, os, random, secrets, subprocess, sys, tempfile, threading, time, uuid
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from multiprocessing.pool import ThreadPool

import numpy as np
from twice import Pipeline

LEFT_OVER = []
class Thing:
    def __init__(self, names):
        self.names = set(names)
        self.made = None
SHARED = {"rows": [1, 2, 3]}
def drawn_in_a_helper():
    return np.random.default_rng().random()
def busy(number):
    return sum(n * n for n in range(20_000 + 997 * (number * 7 % 5) + 40_000 * (number > 8))) % 1000 + number
def words_by_chance():
    words = ["ab", "cd"]
    return [words[0] if secrets.randbelow(2) else "".join(list(words[0])) for _ in range(20)]
class Drawn:
    def __len__(self):
        return 8
    def __getitem__(self, number):
        return drawn_in_a_helper() + number
class Noisy:
    def __len__(self):
        return 8
    def __getitem__(self, number):
        import torch
        return torch.rand(1).item() + np.random.rand() + random.random() + number
@functools.lru_cache
def summed(count):
    return sum(range(count))
"""


CORE = (
    "urandom",
    "generator",
    "now",
    "variable",
    "outside",
    "fetched",
    "identity",
    "global_random",
    "set_order",
    "named_and_kept_to_itself",
)
"""Those that every test run looks at; ``make causes`` looks at all, ``TWICE_CAUSES="name …"`` at these."""


def chosen(programs: str) -> str:
    """All programs, or the core of them."""
    if os.environ.get("TWICE_ALL_CAUSES"):
        return programs
    wanted = os.environ.get("TWICE_CAUSES", "").split() or CORE
    kept = [part for part in programs.strip().split("\ndef ") if part.removeprefix("def ").partition("(")[0] in wanted]
    return "".join(f"\ndef {part.removeprefix('def ')}\n" for part in kept)


def names(programs: str) -> dict[str, str]:
    """Step → the cause that stands behind its first line, if any."""
    lines = [line for line in programs.splitlines() if line.startswith("def ")]
    return {line[4 : line.index("(")]: line.partition("# ")[2].partition(" in ")[0] for line in lines}


def enters(programs: str) -> dict[str, str]:
    """Step → the function in whose lines its cause enters."""
    lines = [line for line in programs.splitlines() if line.startswith("def ")]
    return {line[4 : (end := line.index("("))]: line.partition(" in ")[2] or line[4:end] for line in lines}


def flow(*programs: str) -> str:
    """A script with all of them as steps of one pipeline, independent of each other."""
    steps = [name for part in programs for name in names(part)]
    body = HEAD + "".join(programs)
    return f"{body}\npipeline = Pipeline(steps=[{', '.join(steps)}], version='v1')\n"
