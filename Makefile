# whosh: see README.md.  `make help` lists the targets.
# Sources are found by folder; a file's folder says which program it is part of.

VERSION  = 0.1.0
PREFIX  ?= /usr/local
BINDIR   = $(PREFIX)/bin
SBINDIR  = $(PREFIX)/sbin
LIBEXECDIR = $(PREFIX)/libexec/whosh
MANDIR   = $(PREFIX)/share/man
DOCDIR   = $(PREFIX)/share/doc/whosh
COMPDIR  = $(PREFIX)/share/bash-completion/completions
UNITDIR  = $(PREFIX)/lib/systemd/system
SYSCONFDIR = /etc
INSTALL ?= install
BUILD   ?= build
CC       = gcc
CLANG   ?= clang
PYTHON  ?= /usr/bin/python3

WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror
HARDEN = -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
OPT ?= -O2 -g $(HARDEN)
# SAN=1 builds everything but the static gate's linkage under AddressSanitizer and UndefinedBehaviorSanitizer.
ifdef SAN
OPT = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
CPPFLAGS += -I. -D_GNU_SOURCE -DWHOSH_VERSION='"$(VERSION)"' -DWHOSH_LIBEXECDIR='"$(LIBEXECDIR)"' \
            -DWHOSH_SYSCONFDIR='"$(SYSCONFDIR)/whosh"'
CFLAGS  += -std=gnu17 $(OPT) $(WARN) -fPIE -ffunction-sections -fdata-sections
LDFLAGS += -pie -Wl,-z,relro,-z,now,--gc-sections,--as-needed
ifdef SAN
LDFLAGS += -fsanitize=address,undefined
GATE_LINK = -pie
else
GATE_LINK = -static-pie
endif
PKG = pkg-config
LIBS_BROKER   = $(shell $(PKG) --libs libcurl libcrypto libsodium libcjson)
LIBS_APPROVER = $(shell $(PKG) --libs libmicrohttpd libcurl libcrypto libsodium libcjson sqlite3 libpcre2-8)
LIBS_CTL      = $(shell $(PKG) --libs libcurl libcrypto libsodium libcjson libpcre2-8)
LIBS_ALL      = $(shell $(PKG) --libs libcrypto libsodium libcjson sqlite3 libpcre2-8)

objects = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $(1))))
COMMON  = $(call objects,common/*.c)
POLICY  = $(call objects,approver/policy/*.c)
STORE   = $(call objects,approver/store/*.c approver/log/*.c)
WHOSH   = $(call objects,shell/whosh/*.c)
BROKER  = $(call objects,shell/broker/*.c)
# The reader is loaded into bash: position-independent, and nothing of it has a name there but what bash is to find.
READER  = $(patsubst %.c,$(BUILD)/pic/%.o,$(sort $(wildcard shell/reader/*.c))) \
          $(patsubst %,$(BUILD)/pic/common/%.o,buf children clock io link passing secret secure text waiting wire)
WHOSHD  = $(call objects,approver/whoshd/*.c approver/http/*.c approver/command/*.c approver/identity/*.c \
          approver/kill/*.c approver/oidc/*.c approver/secrets/*.c)
WHOCTL  = $(call objects,approver/whoctl/*.c)
# What unit tests link beside the common archive: everything but the files with a main.
LIBRARY = $(POLICY) $(STORE) $(filter-out %/main.o,$(WHOSHD) $(WHOCTL) $(BROKER) $(WHOSH))
UNIT    = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
TOOLS   = $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/policy/*.c tests/bench/*.c tests/lib/*.c)))
FUZZERS = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
PROGRAMS = $(BUILD)/whosh $(BUILD)/whosh-reader.so $(BUILD)/whosh-broker $(BUILD)/whoshd $(BUILD)/whoctl
SOURCES = $(shell git ls-files '*.c' '*.h' 2>/dev/null)

.PHONY: all deps demo check bench soak install uninstall fuzz lint format clean help unit programs always
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS)

help:
	@echo "make deps       install what is missing on Debian 12 (apt-get; asks sudo when not root)"
	@echo "make demo       deps, all, then the main job on real input in a temporary directory"
	@echo "make check      deps, all, and every test        make lint    style, man pages, static analysis"
	@echo "make bench      measure, print ratios            make soak    the long tests (FUZZ_SECONDS=3600)"
	@echo "make fuzz       fuzz each parser FUZZ_SECONDS=10 make install DESTDIR= PREFIX=/usr/local"

# What was built for another PREFIX looks for its broker there: rebuilt when the paths change.
$(BUILD)/paths: always
	@mkdir -p $(@D)
	@echo '$(LIBEXECDIR) $(SYSCONFDIR)' | cmp -s - $@ || echo '$(LIBEXECDIR) $(SYSCONFDIR)' > $@
$(BUILD)/common/conf.o $(BUILD)/common/link.o $(BUILD)/pic/common/link.o: $(BUILD)/paths
always:

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libcommon.a: $(COMMON)
	@rm -f $@
	ar rcs $@ $^
$(BUILD)/libwhosh.a: $(LIBRARY)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/whosh: $(WHOSH) $(BUILD)/libcommon.a
	$(CC) $(CFLAGS) $(LDFLAGS) $(GATE_LINK) -o $@ $^
# Never with sanitizers: bash itself has none.
READER_FLAGS = -std=gnu17 -O2 -g $(HARDEN) $(WARN) -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections \
               -isystem /usr/include/bash -isystem /usr/include/bash/include
$(BUILD)/pic/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(READER_FLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/whosh-reader.so: $(READER)
	$(CC) $(READER_FLAGS) -shared -Wl,-z,relro,-z,now,--gc-sections,--as-needed -o $@ $^
$(BUILD)/whosh-broker: $(BROKER) $(BUILD)/libcommon.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_BROKER)
$(BUILD)/whoshd: $(WHOSHD) $(STORE) $(POLICY) $(BUILD)/libcommon.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(LIBS_APPROVER)
$(BUILD)/whoctl: $(WHOCTL) $(POLICY) $(BUILD)/libcommon.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_CTL)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libwhosh.a $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(LIBS_BROKER) $(LIBS_APPROVER)
$(BUILD)/tests/policy/other_parser: private LDFLAGS += -Wl,--no-as-needed -ltree-sitter -Wl,--as-needed
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libwhosh.a $(BUILD)/libcommon.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(LIBS_BROKER) $(LIBS_APPROVER)

FUZZ_FLAGS = -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_SECONDS ?= 10
$(BUILD)/fuzz/%: tests/fuzz/%.c $(wildcard common/*.c common/*.h approver/policy/*.c approver/policy/*.h approver/oidc/*.[ch] \
                 approver/secrets/*.[ch] shell/broker/*.[ch])
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -o $@ $< $(filter-out common/https.c,$(wildcard common/*.c)) $(wildcard approver/policy/*.c) \
	  $(if $(findstring jwt,$<),$(filter-out %/fetch.c,$(wildcard approver/oidc/*.c))) \
	  $(if $(findstring fuzz_secrets,$<),$(filter-out %/row.c,$(wildcard approver/secrets/*.c))) $(LIBS_ALL)

fuzzers: $(FUZZERS)
fuzz: fuzzers
	tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS)

unit: $(UNIT)
tools: $(TOOLS)

deps:
	@tests/lib/deps.sh

demo: deps
	@$(MAKE) --no-print-directory -s -j2 all
	@examples/demo.sh $(BUILD)

check: deps
	@$(MAKE) --no-print-directory -s -j2 all unit tools
	@$(PYTHON) tests/run.py --build $(BUILD) $(TESTS)

soak: deps
	@$(MAKE) --no-print-directory -s -j2 all unit tools
	@$(PYTHON) tests/run.py --build $(BUILD) --soak $(TESTS)

bench: deps
	@$(MAKE) --no-print-directory -s -j2 all tools
	@$(PYTHON) tests/bench/bench.py --build $(BUILD)

lint:
	tests/lib/lint.sh

format:
	clang-format -i $(SOURCES)

install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(MANDIR)/man1 \
	  $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DOCDIR)/examples \
	  $(DESTDIR)$(COMPDIR) $(DESTDIR)$(UNITDIR)
	$(INSTALL) -m 755 $(BUILD)/whosh $(BUILD)/whoctl $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $(BUILD)/whoshd $(DESTDIR)$(SBINDIR)
	$(INSTALL) -m 755 $(BUILD)/whosh-broker $(DESTDIR)$(LIBEXECDIR)
	$(INSTALL) -m 644 $(BUILD)/whosh-reader.so $(DESTDIR)$(LIBEXECDIR)
	for n in 1 5 7 8; do for f in man/*.$$n; do \
	  [ -e $$f ] && $(INSTALL) -m 644 $$f $(DESTDIR)$(MANDIR)/man$$n || :; done; done
	$(INSTALL) -m 644 approver/whoctl/whoctl.bash $(DESTDIR)$(COMPDIR)/whoctl
	for f in examples/systemd/*; do sed -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|;s|@SBINDIR@|$(SBINDIR)|;s|@BINDIR@|$(BINDIR)|' $$f \
	  > $(DESTDIR)$(UNITDIR)/$${f##*/}; chmod 644 $(DESTDIR)$(UNITDIR)/$${f##*/}; done
	cp -R examples/. $(DESTDIR)$(DOCDIR)/examples
	$(INSTALL) -m 644 README.md COPYING $(DESTDIR)$(DOCDIR)

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/whosh $(DESTDIR)$(BINDIR)/whoctl $(DESTDIR)$(SBINDIR)/whoshd \
	  $(DESTDIR)$(COMPDIR)/whoctl
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DOCDIR)
	for f in man/*.[1578]; do rm -f $(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}; done
	for f in examples/systemd/*; do rm -f $(DESTDIR)$(UNITDIR)/$${f##*/}; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
