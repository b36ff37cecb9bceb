# Plain make. `make help` lists the targets; V=1 shows commands, O=DIR builds elsewhere,
# DEBUG=1, SAN=address,undefined and COVERAGE=1 change how.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

V ?= 0
O ?= build
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PYTHON ?= python3
PREFIX ?= /usr/local
DESTDIR ?=
SAN ?=
DEBUG ?= 0
COVERAGE ?= 0
WERROR ?= 0

VERSION := $(shell cat VERSION)

Q := $(if $(filter 1,$(V)),,@)
comma := ,
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

WARN := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes \
	-Wpointer-arith -Wimplicit-fallthrough $(if $(filter 1,$(WERROR)),-Werror)
OPT := $(if $(filter 1,$(DEBUG)),-O0 -g3,-O2 -g)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
COVFLAGS := $(if $(filter 1,$(COVERAGE)),--coverage)
CFLAGS ?=
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DHS_VERSION='"$(VERSION)"' -I. $(OPT) $(WARN) \
	-fPIC -fvisibility=hidden -MMD -MP $(SANFLAGS) $(COVFLAGS) $(CFLAGS)
LDFLAGS ?=
BASE_LDFLAGS := $(SANFLAGS) $(COVFLAGS) $(LDFLAGS)
LIBS := -lsqlite3 -lz -lm

# Rooms. A file that holds a main() or a loadable entry point stands alone; the rest of a room is its library.
MAINS := dump/heapdump.c query/heapquery.c diff/heapdiff.c query/extension.c
FORMAT_SRC := $(filter-out $(MAINS),$(wildcard format/*.c))
QUERY_SRC := $(filter-out $(MAINS),$(wildcard query/*.c))
DIFF_SRC := $(filter-out $(MAINS),$(wildcard diff/*.c))
DUMP_SRC := $(filter-out $(MAINS),$(wildcard dump/*.c dump/attach/*.c))
DUMP_ASM := $(wildcard dump/attach/*.S)
AGENT_SRC := $(wildcard dump/agent/*.c)

# layout_fields.h is a table, aligned by column.
C_FILES := $(filter-out dump/agent/layout_fields.h,$(wildcard format/*.[ch] dump/*.[ch] dump/agent/*.[ch] dump/attach/*.[ch] query/*.[ch] diff/*.[ch] tests/*/*.[ch]))

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))

FORMAT_OBJ := $(call obj,$(FORMAT_SRC))
QUERY_OBJ := $(call obj,$(QUERY_SRC)) $(O)/web/assets.o
DIFF_OBJ := $(call obj,$(DIFF_SRC))
DUMP_OBJ := $(call obj,$(DUMP_SRC)) $(patsubst %.S,$(O)/obj/%.o,$(DUMP_ASM))

# Graphviz: cgraph writes DOT; gvc, which draws, is loaded at run time. Without them everything else still builds, and drawing says what is missing.
GRAPHVIZ := $(shell pkg-config --exists libcgraph 2>/dev/null && echo 1)
ifeq ($(GRAPHVIZ),1)
GRAPHVIZ_CFLAGS := -DHS_HAVE_GRAPHVIZ $(shell pkg-config --cflags libcgraph)
GRAPHVIZ_LIBS := $(shell pkg-config --libs libcgraph) -ldl
endif

# What pages are made of: our style sheets and scripts, and libraries from npm at the versions of the lock file. A machine without
# npm, or without a network, is told so once; its pages do without. `make web` tries again.
WEB_SRC := $(wildcard query/web/*)
$(O)/web/.fetched: query/web/fetch.sh query/web/package.json query/web/package-lock.json
	$(call say,NPM,$(O)/web)
	$(Q)sh query/web/fetch.sh query/web $(O)/web 'zoom, treemap and plots in HTML pages'
	$(Q)touch $@
$(O)/web/assets.c: $(O)/web/.fetched $(WEB_SRC)
	$(call say,EMBED,$@)
	$(Q)$(PYTHON) query/web/embed.py $(O)/web $@
$(O)/web/assets.o: $(O)/web/assets.c query/asset.h
	$(call say,CC,$<)
	$(Q)$(CC) $(BASE_CFLAGS) -c -o $@ $<
.PHONY: web
web: ## fetch the libraries that zoom and plot in pages, where that failed before
	$(Q)rm -f $(O)/web/.fetched $(O)/tests/web/.fetched
	$(Q)$(MAKE) --no-print-directory all

TOOLS := $(O)/bin/heapdump $(O)/bin/heapquery $(O)/bin/heapdiff
AGENT := $(O)/lib/heapdump-agent.so
EXTENSION := $(O)/lib/heapsnap.so
PYPACKAGE := $(O)/python/.stamp

.PHONY: all
all: $(TOOLS) $(AGENT) $(EXTENSION) $(PYPACKAGE) ## build everything into build/

$(O)/obj/format/%.o: BASE_CFLAGS += -Wconversion
$(call obj,$(wildcard query/draw*.c)) $(O)/obj/tests/unit/test_draw.o: BASE_CFLAGS += $(GRAPHVIZ_CFLAGS)

$(O)/obj/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASE_CFLAGS) -c -o $@ $<

$(O)/obj/%.o: %.S Makefile VERSION
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) -I. -MMD -MP -c -o $@ $<

$(O)/bin/heapdump: $(call obj,dump/heapdump.c) $(DUMP_OBJ) $(FORMAT_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) -o $@ $^ $(LIBS)

$(O)/bin/heapquery: $(call obj,query/heapquery.c) $(QUERY_OBJ) $(FORMAT_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) -o $@ $^ $(LIBS) $(GRAPHVIZ_LIBS)

$(O)/bin/heapdiff: $(call obj,diff/heapdiff.c) $(DIFF_OBJ) $(QUERY_OBJ) $(FORMAT_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) -o $@ $^ $(LIBS) $(GRAPHVIZ_LIBS)

# For machines without the libraries, or with another libc (distroless, Alpine): a heapdump of its own, with the agent where it looks for it.
# SQLite's loading of extensions, which needs a dynamic libc and is never used here, is what the linker warns of.
STATIC := $(O)/static/bin/heapdump $(O)/static/lib/heapdump-agent.so
.PHONY: static
static: $(STATIC) ## build/static: a heapdump that needs no library on the machine
$(O)/static/bin/heapdump: $(call obj,dump/heapdump.c) $(DUMP_OBJ) $(FORMAT_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) -static -Wl,--no-warnings -o $@ $^ $(LIBS)
$(O)/static/lib/heapdump-agent.so: $(AGENT)
	@mkdir -p $(@D)
	$(call say,COPY,$@)
	$(Q)cp $< $@

# The SQLite extension: the same sources compiled against SQLite's extension interface (sqlite3ext.h), so that it uses
# the host's SQLite and brings none of its own.
# What talks to people has no place in it.
PEOPLE_SRC := $(wildcard query/cmd_*.c) $(wildcard query/draw*.c query/gather*.c query/picture*.c) \
	$(addprefix query/,asset.c page.c axis.c csv.c plot.c plot_page.c series.c thin.c output.c json.c quantity.c scene.c sketch.c wording.c) format/trouble.c
EXT_SRC := query/extension.c $(filter-out $(PEOPLE_SRC),$(FORMAT_SRC) $(QUERY_SRC))
EXT_OBJ := $(patsubst %.c,$(O)/ext/%.o,$(EXT_SRC))
$(O)/ext/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CC,$< (extension))
	$(Q)$(CC) $(BASE_CFLAGS) -DHS_SQLITE_EXTENSION -c -o $@ $<
$(EXTENSION): $(EXT_OBJ) query/extension.map
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) -shared -Wl,--version-script=query/extension.map -o $@ $(EXT_OBJ) -lz -lm

# The agent runs inside foreign processes: no libc, no undefined symbol, no stack protector, no sanitizer.
AGENT_CFLAGS := -std=gnu11 -I. -O2 -g $(WARN) -ffreestanding -fno-stack-protector -fno-builtin -fPIC \
	-fvisibility=hidden -fno-asynchronous-unwind-tables -mno-avx -mgeneral-regs-only -MMD -MP -DHS_VERSION='"$(VERSION)"'
AGENT_OBJ := $(patsubst %.c,$(O)/agent/%.o,$(AGENT_SRC))
$(O)/agent/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CC,$< (agent))
	$(Q)$(CC) $(AGENT_CFLAGS) -c -o $@ $<
$(AGENT): $(AGENT_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -nostdlib -shared -Wl,-z,defs -Wl,-z,noexecstack -Wl,--hash-style=both -o $@ $(AGENT_OBJ)
	$(Q)test -z "$$(nm -u $@)" || { nm -u $@; echo "the agent must not have undefined symbols"; rm -f $@; exit 1; }

# build/python is a PYTHONPATH that holds the package; it finds the agent and the programs beside it.
PYFILES := $(shell find dump/python -name '*.py' 2>/dev/null)
$(PYPACKAGE): $(PYFILES) Makefile VERSION
	@mkdir -p $(O)/python
	$(call say,COPY,$(O)/python)
	$(Q)rm -rf $(O)/python/*
	$(Q)cp -r dump/python/. $(O)/python/
	$(Q)find $(O)/python -name '__pycache__' -prune -exec rm -rf {} +
	$(Q)touch $@

# Tests.
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(O)/tests/%,$(UNIT_SRC))
UNIT_HELPERS := $(call obj,$(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c)))
$(O)/obj/tests/%.o: BASE_CFLAGS += -Wno-missing-prototypes
$(O)/tests/test_extension: | $(EXTENSION)
$(O)/tests/%: $(O)/obj/tests/unit/%.o $(UNIT_HELPERS) $(DIFF_OBJ) $(QUERY_OBJ) $(DUMP_OBJ) $(FORMAT_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) -o $@ $^ $(LIBS) $(GRAPHVIZ_LIBS) -lcmocka

# The tools with allocations that can be made to fail, and what lets writes fail: tests/fault.
WRAPPED := malloc calloc realloc reallocarray strdup strndup realpath asprintf vasprintf open_memstream fopen opendir \
	deflateInit2_ inflateInit_
WRAP := $(addprefix -Wl$(comma)--wrap=,$(WRAPPED)) -rdynamic
ALLOCATION := $(call obj,tests/fault/allocation.c)
FAULT := $(addprefix $(O)/fault/,heapdump heapquery heapdiff snapshots traps.so)
$(O)/fault/heapdump: $(call obj,dump/heapdump.c) $(DUMP_OBJ) $(FORMAT_OBJ) $(ALLOCATION)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(WRAP) -o $@ $^ $(LIBS)
$(O)/fault/heapquery: $(call obj,query/heapquery.c) $(QUERY_OBJ) $(FORMAT_OBJ) $(ALLOCATION)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(WRAP) -o $@ $^ $(LIBS) $(GRAPHVIZ_LIBS)
$(O)/fault/heapdiff: $(call obj,diff/heapdiff.c) $(DIFF_OBJ) $(QUERY_OBJ) $(FORMAT_OBJ) $(ALLOCATION)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) $(WRAP) -o $@ $^ $(LIBS) $(GRAPHVIZ_LIBS)
$(O)/fault/snapshots: $(call obj,tests/fault/snapshots.c) $(UNIT_HELPERS) $(DUMP_OBJ) $(QUERY_OBJ) $(FORMAT_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_LDFLAGS) -o $@ $^ $(LIBS) $(GRAPHVIZ_LIBS) -lcmocka
$(O)/fault/traps.so: tests/fault/traps.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -Wno-missing-prototypes -O2 -g -fPIC -shared -o $@ $< -ldl

.PHONY: unit
unit: $(UNIT_BIN) ## build and run the unit tests alone
	@$(PYTHON) tests/run.py --build $(O) --unit-only

.PHONY: test
test: deps pythons ## set up, build, and run every test
	$(Q)$(MAKE) --no-print-directory WERROR=1 all programs layouts check-format
	$(Q)$(MAKE) --no-print-directory O=$(O)-san SAN=address,undefined DEBUG=1 programs
	$(Q)$(PYTHON) tests/run.py --build $(O)-san --unit-only
	$(Q)$(PYTHON) tests/run.py --build $(O)

.PHONY: check-fast
check-fast: all programs ## what can be tested in under a minute
	$(Q)$(PYTHON) tests/run.py --build $(O) --fast

.PHONY: programs
programs: $(UNIT_BIN) $(FAULT) $(O)/tests/web/.fetched ## build the test programs

# A browser's remote control, for the tests of pages.
$(O)/tests/web/.fetched: query/web/fetch.sh tests/web/package.json tests/web/package-lock.json
	$(call say,NPM,$(@D))
	$(Q)sh query/web/fetch.sh tests/web $(@D) 'tests of pages in a browser'
	$(Q)touch $@

.PHONY: check-format
check-format: ## fail where a C file is not formatted as .clang-format says, or too wide
	$(Q)if command -v clang-format >/dev/null; then \
	    clang-format --dry-run -Werror $(C_FILES); \
	else echo 'skipped: check-format: clang-format is not installed'; fi
	$(Q)if LC_ALL=C.UTF-8 grep -nE '^.{111,}' $(C_FILES); then echo 'wider than 110 columns: comments too' >&2; exit 1; fi

.PHONY: format
format: ## format every C file
	$(Q)clang-format -i $(C_FILES)

# One libFuzzer program per surface. tests/fuzz/seeds_NAME.py, if there is one, makes the inputs that it starts from.
FUZZ_SECONDS ?= 30
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN := $(patsubst tests/fuzz/fuzz_%.c,$(O)/fuzz/%,$(FUZZ_SRC))
FUZZ_CC := clang -std=gnu11 -D_GNU_SOURCE -DHS_VERSION='"$(VERSION)"' -I. -O1 -g -fno-sanitize-recover=all
FUZZ_OBJ := $(patsubst %.c,$(O)/fuzz/obj/%.o,$(FORMAT_SRC) $(QUERY_SRC) $(DIFF_SRC) $(DUMP_SRC))
$(O)/fuzz/obj/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CC,$< (fuzzing))
	$(Q)$(FUZZ_CC) -MMD -MP -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<
$(O)/fuzz/%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(FUZZ_OBJ) $(patsubst %.S,$(O)/obj/%.o,$(DUMP_ASM)) $(O)/web/assets.o
	$(call say,LINK,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)

.PHONY: fuzz
fuzz: $(FUZZ_BIN) ## fuzz each surface for FUZZ_SECONDS (needs clang)
	$(Q)set -e; for f in $(notdir $(FUZZ_BIN)); do mkdir -p $(O)/fuzz/corpus-$$f; \
		if test -f tests/fuzz/seeds_$$f.py; then $(PYTHON) tests/fuzz/seeds_$$f.py $(O)/fuzz/corpus-$$f; fi; \
		$(O)/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -print_final_stats=1 $(O)/fuzz/corpus-$$f; done

.PHONY: demo
demo: deps ## set up, build, and hunt the leak of a small test suite
	$(Q)$(MAKE) --no-print-directory all
	$(Q)sh tests/demo/demo.sh $(O)

# The pictures of docs/graphs.md. objgraph is Debian's, for Debian's Python; dot comes with the package graphviz.
.PHONY: tutorial
tutorial: deps ## draw the pictures of docs/graphs.md again, and print their sizes
	$(Q)sh tests/deps.sh graphviz
	$(Q)$(MAKE) --no-print-directory all
	$(Q)/usr/bin/python3 tests/demo/pictures.py $(O) docs/pictures

.PHONY: bench
bench: all ## measure against the figures of the documentation, side by side with objgraph
	$(Q)$(PYTHON) tests/bench/bench.py --build $(O)
	$(Q)$(PYTHON) tests/bench/pause.py --build $(O)

.PHONY: test-chroot
test-chroot: ## try every way to build and install from a clean Debian (as root, with debootstrap and a network)
	$(Q)sh tests/chroot.sh $(O)/chroot

SOAK_SECONDS ?= 60
.PHONY: soak
soak: all ## attach to every interpreter here, and kill the tool, for SOAK_SECONDS each
	$(Q)$(PYTHON) tests/soak/soak.py --build $(O) --seconds $(SOAK_SECONDS) --append tests/soak/RESULTS.md

# What the build and the tests need, by Debian's names. As root the missing ones are installed; else they are named.
DEPS_BUILD := gcc libc6-dev pkg-config zlib1g-dev libsqlite3-dev libgraphviz-dev python3
# npm comes with many packages; one from elsewhere does as well.
DEPS_BUILD += $(if $(shell command -v npm),,npm)
DEPS_TEST := libcmocka-dev libasan8 libubsan1 sqlite3 libpython3.11-dev python3-numpy python3-sqlalchemy python3-django \
	python3-objgraph python3-networkx python3-pytest python3-pytest-xdist python3-twisted python3-cherrypy3 python3-lxml \
	python3-btrees python3-persistent python3-gevent python3-requests python3-flask python3-jinja2 \
	chromium groff zsh fish python3-setuptools python3-wheel python3-pip python3-venv
# What the tests of the attach snap.
DEPS_ATTACH := python3-seccomp python3-gevent python3-greenlet python3-uvloop strace

# CPythons that this system does not have: later patch releases of 3.13, 3.14 and 3.15, kept between runs.
.PHONY: pythons
pythons: ## unpack the CPythons of Debian sid for the tests (as root, with debootstrap; once)
	$(Q)sh tests/pythons.sh pythons

.PHONY: deps
deps: ## install what is missing (Debian packages, as root)
	$(Q)sh tests/deps.sh $(DEPS_BUILD) $(DEPS_TEST) $(DEPS_DEB) $(DEPS_ATTACH)

# Manual pages are made of --help and SPEC.md, so that they cannot differ from them.
MANUAL := $(O)/share/man/.stamp
$(MANUAL): install/manual.py SPEC.md VERSION $(TOOLS)
	$(call say,MANUAL,$(O)/share/man)
	$(Q)rm -rf $(O)/share/man
	$(Q)$(PYTHON) install/manual.py $(O) $(O)/share/man
	$(Q)touch $@

INSTALL_TO := $(abspath $(DESTDIR)$(PREFIX))
PKGCONFIGDIR ?= $(PREFIX)/lib/pkgconfig
INSTALL_PC := $(abspath $(DESTDIR)$(PKGCONFIGDIR))
.PHONY: install
install: all $(MANUAL) ## install under DESTDIR/PREFIX
	$(Q)install -d $(INSTALL_TO)/bin $(INSTALL_TO)/lib/heapdump $(INSTALL_PC)
	$(Q)install -m 755 $(TOOLS) $(INSTALL_TO)/bin
	$(Q)install -m 755 $(EXTENSION) $(INSTALL_TO)/lib
	$(Q)install -D -m 644 -t $(INSTALL_TO)/share/doc/heapsnap LICENSE
	$(Q)$(PYTHON) query/web/embed.py --licences $(O)/web $(INSTALL_TO)/share/doc/heapsnap
	$(Q)install -m 755 $(AGENT) $(INSTALL_TO)/lib
	$(Q)cd $(O)/python && find . -name '*.py' -exec install -D -m 644 {} $(INSTALL_TO)/lib/heapdump/python/{} \;
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' install/heapsnap.pc.in >$(INSTALL_PC)/heapsnap.pc
	$(Q)cd $(O)/share/man && find . -name '*.[15]' -exec install -D -m 644 {} $(INSTALL_TO)/share/man/{} \;
	$(Q)for tool in $(notdir $(TOOLS)); do \
	    install -D -m 644 install/completion/heapsnap.bash $(INSTALL_TO)/share/bash-completion/completions/$$tool; \
	    install -D -m 644 install/completion/heapsnap.fish $(INSTALL_TO)/share/fish/vendor_completions.d/$$tool.fish; done
	$(Q)install -D -m 644 install/completion/_heapsnap $(INSTALL_TO)/share/zsh/site-functions/_heapsnap

.PHONY: uninstall
uninstall: ## remove what install put there
	$(Q)cd $(INSTALL_TO) && rm -f $(addprefix bin/,$(notdir $(TOOLS))) lib/heapsnap.so lib/heapdump-agent.so \
	    $(INSTALL_PC)/heapsnap.pc share/man/man5/heapsnap.5 share/zsh/site-functions/_heapsnap \
	    $(foreach tool,$(notdir $(TOOLS)),share/man/man1/$(tool).1 share/bash-completion/completions/$(tool) \
	        share/fish/vendor_completions.d/$(tool).fish)
	$(Q)rm -rf $(INSTALL_TO)/lib/heapdump $(INSTALL_TO)/share/doc/heapsnap

# One wheel for every CPython of this platform, from a build of its own: SQLite and zlib are in the programs, since a machine
# with pip need not have them; Graphviz cannot be, so pictures are left to the other ways to install.
WHEEL_O := $(O)/wheel
# Debian's, for which the packages python3-setuptools and python3-wheel are.
WHEEL_PYTHON ?= /usr/bin/python3
.PHONY: wheel
wheel: ## make a wheel: the three commands, the package and the pytest plugin
	$(Q)$(MAKE) --no-print-directory O=$(WHEEL_O)/build GRAPHVIZ= LIBS='-l:libsqlite3.a -l:libz.a -lm' all
	$(Q)rm -rf $(WHEEL_O)/stage $(WHEEL_O)/dist
	$(Q)$(MAKE) --no-print-directory O=$(WHEEL_O)/build GRAPHVIZ= LIBS='-l:libsqlite3.a -l:libz.a -lm' \
	    PREFIX=/data DESTDIR=$(abspath $(WHEEL_O)/stage) install
	$(Q)rm -r $(WHEEL_O)/stage/data/lib/pkgconfig
	$(Q)strip $(WHEEL_O)/stage/data/bin/* $(WHEEL_O)/stage/data/lib/*.so
	$(Q)cp -r $(WHEEL_O)/build/python/heapdump install/wheel/setup.py VERSION $(WHEEL_O)/stage
	$(Q)cd $(WHEEL_O)/stage && $(WHEEL_PYTHON) setup.py -q bdist_wheel -d ../dist
	$(call say,WHEEL,$(WHEEL_O)/dist)

# A Debian package, built by dpkg-buildpackage from a copy of the sources. Its version and date are those of the tree.
DEB_O := $(O)/deb
DEB_SOURCE := $(DEB_O)/heapsnap-$(VERSION)
DEB_DATE = $(shell date -u -R -d @$$(git log -1 --format=%ct 2>/dev/null || stat -c %Y VERSION))
DEPS_DEB := build-essential dpkg-dev debhelper lintian fakeroot
.PHONY: deb
deb: ## make a Debian package in build/deb (packages for that are installed, as root)
	$(Q)sh tests/deps.sh $(DEPS_BUILD) $(DEPS_DEB)
	$(Q)$(MAKE) --no-print-directory $(O)/web/.fetched
	$(Q)rm -rf $(DEB_O)
	$(Q)mkdir -p $(DEB_SOURCE)
	$(Q)cp -r Makefile VERSION *.md LICENSE format dump query diff install docs $(DEB_SOURCE)
	$(Q)mv $(DEB_SOURCE)/install/debian $(DEB_SOURCE)/debian
	$(Q)mkdir $(DEB_SOURCE)/debian/build && cp -r $(O)/web $(DEB_SOURCE)/debian/build
	$(Q)touch $(DEB_SOURCE)/debian/build/web/.fetched
	$(Q)printf '%s\n' 'heapsnap ($(VERSION)) unstable; urgency=low' '' '  * See CHANGELOG.md.' '' \
	    ' -- heapsnap authors <heapsnap@example.org>  $(DEB_DATE)' >$(DEB_SOURCE)/debian/changelog
	$(Q)cd $(DEB_SOURCE) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc -b >../log 2>&1 || \
	    { tail -n 30 ../log; exit 1; }
	$(call say,DEB,$(DEB_O))

.PHONY: layouts
layouts: ## prove the agent's layout tables against the headers of the CPythons installed
	$(Q)CC="$(CC)" tests/layouts/run.sh $(O)

.PHONY: clean
clean: ## remove what was built
	$(Q)rm -rf $(O) $(O)-san

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

-include $(shell find $(O) -type f -name '*.d' 2>/dev/null)
