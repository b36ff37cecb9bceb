"""Another reader of heap snapshots, written from SPEC.md alone: standard library only, for comparing, not for speed.

usage: spec_reader.py FILE objects|refs        prints the rows as JSON, one a line
"""
import json
import os
import sqlite3
import struct
import sys
import zlib

APPLICATION_ID, FORMAT, CHUNK = 0x48444D50, 1, 16384
KINDS = ("attribute", "item", "key", "value", "slot", "local", "cell", "global", "type", "member", "internal")
SMALL = ("readme", "snapshot", "types", "roots", "modules", "threads", "frames", "memory", "sites", "integrity")
NONE, ITEMS, PAIRS, KEYS, INTERNAL, LABELLED = range(6)
TAIL_KIND = {ITEMS: "item", KEYS: "key", INTERNAL: "internal"}
MASK = (1 << 64) - 1


class Bad(Exception):
    """The file breaks a rule of the specification."""


def require(condition, message, *args):
    if not condition:
        raise Bad(message % args)


class Bytes:
    """The primitives of section 1."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        require(self.at < len(self.data), "ends too early")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            group = self.byte()
            value |= (group & 0x7F) << shift
            if group < 0x80:
                require(value <= MASK, "a number of more than 64 bits")
                return value
            shift += 7

    def zigzag(self):
        coded = self.varint()
        return -(coded + 1 >> 1) if coded & 1 else coded >> 1

    def text(self, length):
        require(self.at + length <= len(self.data), "ends too early")
        self.at += length
        return self.data[self.at - length:self.at].decode("utf-8")

    def finish(self):
        require(self.at == len(self.data), "%d bytes too many", len(self.data) - self.at)

    def running(self, count, start=0):
        """Numbers of which each is written as the difference to the one before."""
        now, result = start, []
        for _ in range(count):
            now += self.zigzag()
            result.append(now)
        return result

    def numbers(self, count, base=None):
        """A column of numbers, section 4.5."""
        if count < 2:
            return [self.varint() for _ in range(count)]
        form = self.byte()
        if form == 0:
            return [self.varint() for _ in range(count)]
        if form == 1:
            return [self.varint()] * count
        if form == 2:
            return [number & MASK for number in self.running(count)]
        if form == 3:
            return [self.byte() | self.byte() << 8 for _ in range(count)]
        require(form <= 11 and base is not None, "form %d of a column of numbers is reserved", form)
        residuals = self.running(count) if form < 8 else [self.zigzag()] * count
        factor = 1 << (form & 3)
        return [(residual + number * factor) & MASK for residual, number in zip(residuals, base)]

    def refs(self, src, sibling, objects):
        """A column of references, section 4.5."""
        count = len(src)
        form = self.byte() if count > 1 else 0
        require(form <= 5 and (form != 4 or sibling is not None), "form %d of a column of references is reserved", form)
        if form == 0:
            result = [holder + self.zigzag() for holder in src]
        elif form == 1:
            result = self.running(count)
        elif form == 2:
            result = [holder + offset for holder, offset in zip(src, self.running(count))]
        elif form == 3:
            result = [self.varint() for _ in src]
        elif form == 4:
            result = [other + self.zigzag() for other in sibling]
        else:
            result = self.streams(src, sibling)
        require(all(0 <= dst < objects for dst in result), "a reference to an object that does not exist")
        return result

    def streams(self, src, sibling):
        end, result = [0] * 8, []
        streams = [self.byte() for _ in src]
        for i, stream in enumerate(streams):
            require(stream < 8 and (stream != 1 or sibling is not None), "stream %d is reserved", stream)
            end[0] = src[i]
            if sibling is not None:
                end[1] = sibling[i]
            end[stream] += self.zigzag()
            result.append(end[stream])
        return result


def table_crc(rows):
    """Rows and checksum, section 3, integrity."""
    crc = count = 0
    for row in rows:
        count += 1
        for value in row:
            if value is None:
                cell = b"\0"
            elif isinstance(value, int):
                cell = b"\1" + struct.pack("<q", value)
            elif isinstance(value, float):
                cell = b"\2" + struct.pack("<d", value)
            else:
                data = value.encode("utf-8") if isinstance(value, str) else value
                cell = (b"\3" if isinstance(value, str) else b"\4") + struct.pack("<I", len(data)) + data
            crc = zlib.crc32(cell, crc)
    return count, crc


class Shape:
    def __init__(self, source, types, labels):
        self.type = source.varint()
        require(self.type < types, "a shape of type %d", self.type)
        head = source.byte()
        self.tail, self.type_ref = head & 15, bool(head & 16)
        require(self.tail <= LABELLED and head < 32, "reserved head of a shape")
        entries = source.varint() if self.tail != NONE else 1
        self.variable, self.entries = entries == 0, max(entries - 1, 0)
        self.fields, expected = [], 0
        for _ in range(source.varint()):
            self.fields.append(expected + source.zigzag())
            require(0 <= self.fields[-1] < labels, "a label that does not exist")
            expected = self.fields[-1] + 1

    @property
    def width(self):
        return 2 if self.tail == PAIRS else 1


class Snapshot:
    """A packed snapshot."""

    def __init__(self, path):
        with open(path, "rb") as file:
            header = file.read(100)
        require(len(header) == 100 and header[:16] == b"SQLite format 3\0", "not an SQLite database")
        (page,), (pages,) = struct.unpack(">H", header[16:18]), struct.unpack(">I", header[28:32])
        (version,), (application,) = struct.unpack(">I", header[60:64]), struct.unpack(">I", header[68:72])
        require(application == APPLICATION_ID, "not a heap snapshot")
        require(version == FORMAT, "format %d", version)
        require(os.path.getsize(path) == pages * (65536 if page == 1 else page), "cut short")
        self.db = sqlite3.connect("file:%s?mode=ro&immutable=1" % path, uri=True)
        names = [name for name, in self.db.execute("SELECT name FROM sqlite_master ORDER BY rowid")]
        require(names == [*SMALL, "chunks", "blobs"], "another schema")
        self.check_integrity()
        self.facts = dict(self.db.execute("SELECT name, value FROM snapshot"))
        self.count = self.facts["objects"]
        self.types = self.db.execute("SELECT name, object_id FROM types ORDER BY id").fetchall()
        self.sites = ["%s:%d" % site for site in self.db.execute("SELECT file, line FROM sites ORDER BY id")]
        self.labels = self.read_labels()
        self.shapes = self.read_shapes()

    def check_integrity(self):
        expected = []
        for table in [*SMALL[:-1], "chunks", "blobs"]:
            columns = "id, kind, raw_bytes, crc32" if table == "blobs" else "*"
            rows = self.db.execute("SELECT %s FROM %s ORDER BY rowid" % (columns, table))
            expected.append((table, *table_crc(rows)))
        found = self.db.execute("SELECT name, rows, crc32 FROM integrity ORDER BY rowid").fetchall()
        require(found == expected, "a checksum is wrong")

    def blob(self, kind, number):
        found, raw_bytes, crc, data = self.db.execute(
            "SELECT kind, raw_bytes, crc32, data FROM blobs WHERE id = ?", (number,)).fetchone()
        require(found == kind and raw_bytes <= len(data) * 1032, "blob %d is something else", number)
        raw = zlib.decompress(data)
        require(len(raw) == raw_bytes and zlib.crc32(raw) == crc, "blob %d is damaged", number)
        return Bytes(raw)

    def only_blob(self, kind):
        (number,), = self.db.execute("SELECT id FROM blobs WHERE kind = ?", (kind,))
        return self.blob(kind, number)

    def read_labels(self):
        source, labels = self.only_blob("labels"), []
        for _ in range(source.varint()):
            head = source.byte()
            require(head & 15 < len(KINDS) and head < 64, "reserved head of a label")
            name = source.text(source.varint()) if head & 32 else None
            labels.append((KINDS[head & 15], name, 0 if head & 16 else 1))
        source.finish()
        return labels

    def read_shapes(self):
        source = self.only_blob("shapes")
        shapes = [Shape(source, len(self.types), len(self.labels)) for _ in range(source.varint())]
        source.finish()
        return shapes

    def chunks(self):
        for row in self.db.execute("SELECT first_object, objects, refs, first_address, last_address, objects_blob, "
                                   "refs_blob, values_blob, sites_blob FROM chunks ORDER BY id"):
            yield Chunk(self, *row)

    def objects(self):
        """Rows as the table objects has them: id, address, type_id, type, shallow_bytes, refcount, generation, tracked,
        length, ident, value, allocated_at."""
        for chunk in self.chunks():
            for i in range(chunk.count):
                kind = self.shapes[chunk.shape[i]].type
                generation, length, refcount = chunk.generation[i], chunk.length[i], chunk.refcount[i]
                yield (chunk.first + i, chunk.address[i], kind, self.types[kind][0], chunk.size[i],
                       refcount - (1 << 64) if refcount >> 63 else refcount,
                       None if generation == 7 else generation, int(generation != 7),
                       length - 1 if length else None, chunk.ident[i] or None, chunk.values.get(chunk.first + i),
                       self.sites[chunk.site[i] - 1] if chunk.site[i] else None)

    def refs(self):
        """Rows as the table refs has them: src, dst, kind, slot, owning; and the name, for kinds that bring their own."""
        for chunk in self.chunks():
            for i in range(chunk.count):
                yield from chunk.refs_of(i)


class Chunk:
    def __init__(self, snapshot, first, count, refs, first_address, last_address, objects_blob, refs_blob, values_blob,
                 sites_blob):
        self.snapshot, self.first, self.count = snapshot, first, count
        self.read_objects(snapshot.blob("objects", objects_blob))
        require((self.address[0], self.address[-1]) == (first_address, last_address), "addresses differ")
        self.read_refs(snapshot.blob("refs", refs_blob) if refs_blob is not None else Bytes(b""))
        require(sum(map(len, self.dst)) == refs, "the number of references differs")
        self.values = {}
        if values_blob is not None:
            self.read_values(snapshot.blob("values", values_blob))
        self.site = [0] * count
        if sites_blob is not None:
            source = snapshot.blob("sites", sites_blob)
            self.site = source.numbers(count)
            source.finish()
            require(all(site <= len(snapshot.sites) for site in self.site), "a site that does not exist")

    def read_objects(self, source):
        """Section 4.6."""
        groups, least = [], 0
        for _ in range(source.varint()):
            shape = least + source.varint()
            require(shape < len(self.snapshot.shapes), "a shape that does not exist")
            groups.append((shape, source.varint()))
            least = shape + 1
        self.groups = [(shape, []) for shape, _ in groups]
        self.shape = []
        for i in range(self.count):
            shape, members = self.groups[source.varint() if len(groups) > 1 else 0]
            self.shape.append(shape)
            members.append(i)
        require([len(members) for _, members in self.groups] == [size for _, size in groups], "counts differ")
        shift, address = source.byte(), source.varint()
        distance = self.column(source)
        self.length = self.column(source)
        lengths = [max(length - 1, 0) for length in self.length]
        self.size = self.column(source, lengths)
        self.refcount, self.generation, self.ident = (self.column(source) for _ in range(3))
        self.address = []
        for i, step in enumerate(distance):
            require((step == 0) == (i + 1 == self.count), "addresses do not ascend")
            self.address.append(address)
            address += step << shift
        self.entries = [0] * self.count
        for number, members in self.groups:
            shape = self.snapshot.shapes[number]
            counts = [shape.entries] * len(members)
            if shape.variable:
                counts = source.numbers(len(members), [lengths[i] for i in members])
            for i, entries in zip(members, counts):
                self.entries[i] = entries
        source.finish()

    def column(self, source, base=None):
        result = [0] * self.count
        for _, members in self.groups:
            numbers = source.numbers(len(members), base and [base[i] for i in members])
            for i, number in zip(members, numbers):
                result[i] = number
        return result

    def read_refs(self, source):
        """Section 4.7. For each object: its destinations in order, and the labels of its tail if it is labelled."""
        self.dst = [None] * self.count
        self.label = {}
        objects = self.snapshot.count
        for number, members in self.groups:
            shape = self.snapshot.shapes[number]
            rows = [[] for _ in members]
            holders = [self.first + i for i in members]
            by_position = not shape.variable and shape.tail not in (NONE, LABELLED)
            sibling = None
            for _ in range(len(shape.fields) + (shape.entries * shape.width if by_position else 0)):
                sibling = source.refs(holders, sibling, objects)
                for row, dst in zip(rows, sibling):
                    row.append(dst)
            if shape.tail != NONE and not by_position:
                self.read_tails(source, shape, members, rows)
            for i, row in zip(members, rows):
                self.dst[i] = row
        source.finish()

    def read_tails(self, source, shape, members, rows):
        src = [self.first + i for i in members for _ in range(self.entries[i])]
        if shape.tail == LABELLED:
            labels = iter(source.numbers(len(src)))
            for i in members:
                self.label[i] = [next(labels) for _ in range(self.entries[i])]
        columns, sibling = [], None
        for _ in range(shape.width):
            sibling = source.refs(src, sibling, self.snapshot.count)
            columns.append(iter(sibling))
        for i, row in zip(members, rows):
            for _ in range(self.entries[i]):
                row.extend(next(column) for column in columns)

    def read_values(self, source):
        """Section 4.8."""
        ids, least = [], self.first
        count = source.varint()
        for _ in range(count):
            ids.append(least + source.varint())
            least = ids[-1] + 1
        lengths = [source.varint() for _ in range(count)]
        for number, length in zip(ids, lengths):
            self.values[number] = source.text(length)
        source.finish()

    def refs_of(self, i):
        """Section 4.4: the labels of an object's references."""
        src, shape = self.first + i, self.snapshot.shapes[self.shape[i]]
        fields = len(shape.fields)
        for position, dst in enumerate(self.dst[i]):
            if position < fields:
                kind, name, owning = self.snapshot.labels[shape.fields[position]]
                yield src, dst, kind, None, owning, name
                continue
            slot = position - fields
            if shape.tail == PAIRS:
                yield src, dst, ("key", "value")[slot % 2], slot // 2, 1, None
            elif shape.tail == LABELLED:
                kind, name, owning = self.snapshot.labels[self.label[i][slot]]
                yield src, dst, kind, slot if name is None else None, owning, name
            else:
                yield src, dst, TAIL_KIND[shape.tail], slot, 1, None
        type_object = self.snapshot.types[shape.type][1]
        if shape.type_ref and type_object is not None:
            yield src, type_object, "type", None, 1, None


def main(argv):
    if len(argv) != 3 or argv[2] not in ("objects", "refs"):
        sys.exit(__doc__)
    for row in getattr(Snapshot(argv[1]), argv[2])():
        print(json.dumps(row))


if __name__ == "__main__":
    main(sys.argv)
