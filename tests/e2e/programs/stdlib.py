"""Most of the standard library, imported, and objects of its C types; numpy where it is installed."""
import importlib
import sys
import warnings

import oracle_twin

NAMES = """abc argparse array ast asyncio base64 bdb binascii bisect bz2 calendar cmath cmd code codecs codeop
collections.abc colorsys compileall concurrent.futures configparser contextlib copy copyreg cProfile csv ctypes.util
dataclasses datetime dbm decimal difflib dis doctest email.message enum errno faulthandler fcntl filecmp fileinput fnmatch
fractions ftplib functools getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html.parser http.client
http.cookiejar http.server imaplib inspect io ipaddress itertools json keyword linecache locale logging.config lzma mailbox
marshal math mimetypes mmap multiprocessing.pool netrc numbers operator optparse pathlib pdb pickle pkgutil platform plistlib
poplib posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pyexpat queue quopri random re reprlib resource
rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 ssl stat
statistics string stringprep struct subprocess symtable sysconfig syslog tabnanny tarfile tempfile termios textwrap
threading timeit tkinter token tokenize tomllib trace traceback tracemalloc tty types typing unicodedata unittest.mock
urllib.request uuid venv wave weakref webbrowser wsgiref.simple_server xml.dom.minidom xml.etree.ElementTree xml.sax
xmlrpc.client zipapp zipfile zipimport zlib zoneinfo _testcapi numpy""".split()

warnings.simplefilter("ignore")
loaded = {}
for name in NAMES:
    try:
        loaded[name] = importlib.import_module(name)
    except ImportError:
        pass
MAKERS = """ast.parse('def f(a, *b: int) -> str:\\n  return [x for x in a if b]')
bz2.BZ2Compressor() ; zlib.compressobj() ; zlib.decompressobj() ; lzma.LZMACompressor() ; hashlib.sha256(b'x')
hashlib.blake2b(b'x') ; hmac.new(b'k', b'm', 'sha256') ; random.Random(4) ; select.epoll() ; select.poll()
socket.socket() ; sqlite3.connect(':memory:').execute('select 1') ; ssl.create_default_context() ; ssl.MemoryBIO()
csv.writer(io.StringIO()) ; csv.DictReader(['a'])
mmap.mmap(-1, 4096) ; re.finditer('a', 'aa') ; tokenize.tokenize(io.BytesIO(b'1+1').readline)
xml.etree.ElementTree.XMLParser() ; pyexpat.ParserCreate() ; xml.dom.minidom.parseString('<a><b/></a>')
zoneinfo.ZoneInfo('Europe/Rome') ; unicodedata.ucd_3_2_0 ; codecs.getincrementalencoder('utf-8')() ; codecs.getreader('utf-8')
io.FileIO('/dev/null') ; io.BufferedRandom(io.BytesIO(b'x')) ; io.BufferedRWPair(io.BytesIO(), io.BytesIO())
json.JSONDecoder() ; json.encoder.c_make_encoder ; operator.attrgetter('a', 'b.c') ; operator.methodcaller('x', 1, k=2)
itertools.islice([1], 1) ; itertools.cycle([1]) ; itertools.accumulate([1]) ; itertools.starmap(max, [])
itertools.takewhile(len, []) ; itertools.zip_longest([1], [2]) ; itertools.compress([1], [1]) ; itertools.repeat([1], 3)
functools.cmp_to_key(max) ; functools.singledispatch(len) ; functools.cached_property(len) ; types.CellType([1])
typing.Union[int, str] ; typing.Generic ; typing.NamedTuple('N', [('a', int)]) ; dataclasses.make_dataclass('D', ['a'])([1])
enum.Flag('F', 'A B') ; contextlib.ExitStack() ; decimal.Context() ; fractions.Fraction(1, 3) ; datetime.datetime.now()
ipaddress.ip_network('10.0.0.0/8') ; pathlib.Path('/tmp/x') ; email.message.EmailMessage() ; http.cookiejar.CookieJar()
queue.SimpleQueue() ; queue.PriorityQueue() ; threading.local() ; threading.RLock() ; threading.Barrier(2)
multiprocessing.Lock() ; subprocess.CompletedProcess([], 0) ; tempfile.SpooledTemporaryFile() ; tarfile.TarInfo('x')
zipfile.ZipInfo('x') ; struct.iter_unpack('i', b'12345678') ; array.array('u', 'abc') ; memoryview(bytearray(8)).cast('i')
weakref.finalize(random.Random(), print) ; weakref.WeakSet() ; statistics.NormalDist() ; symtable.symtable('x = 1', 'f', 'exec')
uuid.uuid4() ; string.Template('$x') ; textwrap.TextWrapper() ; traceback.TracebackException(ValueError, ValueError(1), None)
graphlib.TopologicalSorter({1: [2]}) ; sched.scheduler() ; selectors.DefaultSelector() ; shelve.Shelf({}) ; cProfile.Profile()
numpy.arange(1000).reshape(10, 100)[::2] ; numpy.array([[1], {}, 'x'], dtype=object) ; numpy.float64(2.5) ; numpy.dtype('i4,f8')
numpy.zeros(5, dtype=[('a', 'i4'), ('b', 'O')]) ; numpy.random.default_rng(1) ; numpy.nditer(numpy.arange(6))
numpy.ma.array([1, 2], mask=[0, 1]) ; numpy.matrix([[1, 2]]) ; numpy.datetime64('2020-01-01') ; numpy.str_('text')""".replace("\n", " ; ")
made = []
scope = {name.partition(".")[0]: sys.modules[name.partition(".")[0]] for name in loaded}
for maker in MAKERS.split(" ; "):
    try:
        made.append(eval(maker, scope))
    except (NameError, AttributeError):
        pass  # not in this version, or not installed
assert len(made) > 75, len(made)
oracle_twin.take()
