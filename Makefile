# The front door.  Meson does the building; this names what people do.
#
#   make run          build, start the server with the demo, show its pipeline run
#   make run ONCE=1   the same, and stop when the pipeline is done
#   make test         everything CI runs
#   make fuzz         every fuzz target for FUZZ_SECONDS (60), under sanitizers
#   make bench        figures beside limits and peers, in one table (BENCH=--help: options)
#
# Each target sets up what it needs, once (script/setup).

BUILD  ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

.PHONY: all build run test fuzz bench lint format install clean help

all: build

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))
	@echo "also: make build | lint | format | install PREFIX=$(PREFIX) | clean"

build:
	@script/setup build
	@script/build $(BUILD)

run:
	@script/setup run
	@script/build $(BUILD)
	@script/demo $(BUILD) $(if $(filter-out 0,$(ONCE)),--once)

test:
	@script/setup test
	@script/test

fuzz:
	@script/setup fuzz
	@script/fuzz $(FUZZ_SECONDS)

bench:
	@script/setup bench
	@script/bench $(BUILD) $(BENCH)

lint:
	@script/setup test
	@script/lint

format:
	@script/setup test
	@git ls-files 'src/*.[ch]' 'src/*.cc' 'tests/*.c' 'bench/*.[ch]' | xargs clang-format -i

install: build
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf $(BUILD)
