"""An independent decoder of the agent's stream (dump/agent/stream.h), standard library only.

Stream(data) gives what the stream says, with addresses as they are in the target:
    types     [Type]
    objects   {address: Object}
    roots     [(kind, address, name)]
    borrowed_roots  {address: how many of its roots own no reference}
    modules   [(address, name, file)]
    threads   [Thread]
    values    {address: text}
    facts     {name: number or text}
    opaque    {type number}
"""
import collections

MAGIC = b"HSTRM\0\1\n"
(END, LABEL, TYPE, SHAPE, OBJECT, ROOT, MODULE, THREAD, FRAME, VALUE, FACT, TEXT, OPAQUE, SITE,
 ALLOCATED) = range(1, 16)
KINDS = "attribute item key value slot local cell global type member internal".split()
ROOT_KINDS = "module frame thread interpreter atexit signal context static external".split()
TAIL_NONE, TAIL_ITEM, TAIL_PAIR, TAIL_KEY, TAIL_INTERNAL, TAIL_LABELLED = range(6)
UNTRACKED = 7

Type = collections.namedtuple("Type", "address heap gc name module qualname")
Object = collections.namedtuple("Object", "type refcount size generation length refs")
Reference = collections.namedtuple("Reference", "kind name target owning")
Thread = collections.namedtuple("Thread", "native_id object name frames")
Frame = collections.namedtuple("Frame", "depth code object line function file")


class StreamError(Exception):
    """The stream breaks its own rules; the message holds the offset."""


class Stream:
    def __init__(self, data):
        self.data, self.at = data, 0
        self.labels, self.types, self.shapes = [None], [], []
        self.objects, self.roots, self.modules, self.threads = {}, [], [], []
        self.borrowed_roots = collections.Counter()
        self.values, self.facts, self.opaque = {}, {}, set()
        self.sites, self.allocated = [], {}
        self.previous = self.references = 0
        if data[:8] != MAGIC:
            self.fail("no magic")
        self.at = 8
        readers = {LABEL: self.read_label, TYPE: self.read_type, SHAPE: self.read_shape, OBJECT: self.read_object,
                   ROOT: self.read_root, MODULE: self.read_module, THREAD: self.read_thread, FRAME: self.read_frame,
                   VALUE: self.read_value, FACT: self.read_fact, TEXT: self.read_text_fact, OPAQUE: self.read_opaque,
                   SITE: self.read_site, ALLOCATED: self.read_allocated}
        while True:
            tag = self.byte()
            if tag == END:
                break
            if tag not in readers:
                self.fail("unknown tag %d" % tag)
            readers[tag]()
        self.resolve()
        objects, references = self.varint(), self.varint()
        if self.at != len(data):
            self.fail("bytes after the end")
        if (objects, references) != (len(self.objects), self.references):
            self.fail("the end says %d objects and %d references, there are %d and %d"
                      % (objects, references, len(self.objects), self.references))

    def resolve(self):
        """A reference names the 16 bytes in which its target starts: gives it the target's address, or None."""
        starts = {address >> 4: address for address in self.objects}
        for item in self.objects.values():
            item.refs[:] = [Reference(ref.kind, ref.name, starts.get(ref.target), ref.owning) for ref in item.refs]

    def fail(self, what):
        raise StreamError("offset %d of %d: %s" % (self.at, len(self.data), what))

    def byte(self):
        if self.at >= len(self.data):
            self.fail("cut short")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        data, at = self.data, self.at
        try:
            value = data[at]
            at += 1
            if value >= 0x80:
                value &= 0x7f
                shift = 7
                while True:
                    byte = data[at]
                    at += 1
                    value |= (byte & 0x7f) << shift
                    if byte < 0x80:
                        break
                    shift += 7
        except IndexError:
            self.fail("cut short")
        self.at = at
        if value >> 64:
            self.fail("a number of more than 64 bits")
        return value

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def text(self):
        size = self.varint()
        if size > len(self.data) - self.at:
            self.fail("cut short")
        self.at += size
        return self.data[self.at - size:self.at].decode("utf-8", "surrogatepass")

    def label_body(self):
        kind = self.byte()
        if kind & 0x7f >= len(KINDS):
            self.fail("reference kind %d" % kind)
        return KINDS[kind & 0x7f], self.text(), not kind & 0x80

    def label(self):
        number = self.varint()
        if not 0 < number < len(self.labels):
            self.fail("label %d" % number)
        return self.labels[number]

    def read_label(self):
        self.labels.append(self.label_body())

    def read_type(self):
        address, flags = self.varint() << 3, self.byte()
        self.types.append(Type(address, bool(flags & 1), bool(flags & 2), self.text(), self.text(), self.text()))

    def read_shape(self):
        number, tail, fields = self.varint(), self.byte(), self.varint()
        if number >= len(self.types) or tail > TAIL_LABELLED:
            self.fail("shape of type %d, tail %d" % (number, tail))
        self.shapes.append((number, tail, [self.label() for _ in range(fields)]))

    def read_object(self):
        address = self.previous = self.previous + (self.zigzag() << 3)
        number = self.varint()
        if number >= len(self.shapes):
            self.fail("shape %d" % number)
        kind, tail, fields = self.shapes[number]
        refcount, size, flags = self.varint(), self.varint(), self.byte()
        length = self.varint() if flags & 8 else None
        if flags & 16:
            self.at += 2
        refs = []
        for label in fields:
            self.reference(refs, address, *label)
        if tail != TAIL_NONE:
            self.read_tail(refs, address, tail)
        if address in self.objects:
            self.fail("object 0x%x comes twice" % address)
        self.objects[address] = Object(kind, refcount, size, flags & 7, length, refs)

    def read_tail(self, refs, address, tail):
        slot, more = 0, True
        while more:
            head = self.varint()
            more = head & 1
            for _ in range(head >> 1):
                if tail == TAIL_PAIR:
                    self.reference(refs, address, "key", slot, True)
                    self.reference(refs, address, "value", slot, True)
                elif tail == TAIL_LABELLED:
                    label = self.varint()
                    if label >= len(self.labels):
                        self.fail("label %d" % label)
                    self.reference(refs, address, *(self.labels[label] if label else self.label_body()))
                else:
                    self.reference(refs, address, {TAIL_ITEM: "item", TAIL_KEY: "key"}.get(tail, "internal"), slot,
                                   True)
                slot += 1

    def reference(self, refs, address, kind, name, owning):
        value = self.varint()
        if value:
            value -= 1
            target = (address >> 4) + (value >> 1 ^ -(value & 1))
            self.references += 1
            refs.append(Reference(kind, name, target, owning))

    def read_root(self):
        kind = self.byte()
        if kind & 0x7f >= len(ROOT_KINDS):
            self.fail("root kind %d" % kind)
        root = ROOT_KINDS[kind & 0x7f], self.varint() << 3, self.text()
        self.roots.append(root)
        if kind & 0x80:
            self.borrowed_roots[root[1]] += 1

    def read_module(self):
        self.modules.append((self.varint() << 3, self.text(), self.text()))

    def read_thread(self):
        self.threads.append(Thread(self.varint(), self.varint() << 3, self.text(), []))

    def read_frame(self):
        thread = self.varint()
        if thread >= len(self.threads):
            self.fail("frame of thread %d" % thread)
        self.threads[thread].frames.append(Frame(self.varint(), self.varint() << 3, self.varint() << 3, self.varint(),
                                                 self.text(), self.text()))

    def read_value(self):
        address = self.varint() << 3
        self.values[address] = self.text()

    def read_site(self):
        line = self.varint()
        self.sites.append((self.text(), line))

    def read_allocated(self):
        self.allocated[self.previous] = self.sites[self.varint()]

    def read_fact(self):
        name = self.text()
        self.facts[name] = self.zigzag()

    def read_text_fact(self):
        name = self.text()
        self.facts[name] = self.text()

    def read_opaque(self):
        self.opaque.add(self.varint())
