# make run           packages, default models, server on http://127.0.0.1:8000
# make test          every test that needs no cluster and no GPU, JOBS (2) of their files at a time
# make test-cluster  the chart's tests, on the cluster that KUBECONFIG names
# make check         ruff and mypy
# make audit         known flaws of every package that constraints.txt names
# make image-cpu     the image rtscore:VERSION-cpu; image-gpu likewise, for NVIDIA GPUs
#                    (BUILD="podman build" or "buildah build" where there is no Docker)
# make parts         SBOM and licences of the Python environment OF (.venv), into TO (dist)

PYTHON ?= python3
JOBS ?= 2
BUILD ?= docker build
OF ?= .venv/bin/python
TO ?= dist
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
EXPORT := $(addprefix server/,contract.py cpus.py modelfile.py session.py subwords.py tokenizer.py) \
    converters/export.py
.DELETE_ON_ERROR:
.PHONY: run test test-cluster check audit image-cpu image-gpu parts models constraints clean

run: models
	$(BIN)/rtscore

test: models .venv/dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses=$(JOBS) --dist=loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-cluster: models/flower.jpg .venv/dev
	$(BIN)/python -m pytest -m cluster --durations=10 tests/cluster

check: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

audit: .venv/audit
	$(BIN)/pip-audit --strict --disable-pip --no-deps -r constraints.txt

image-cpu image-gpu: image-%:
	$(BUILD) -f Dockerfile.$* -t rtscore:$(VERSION)-$* \
	    --label org.opencontainers.image.version=$(VERSION) .

parts: .venv/audit
	mkdir -p $(TO)
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	    -o $(TO)/sbom.cdx.json $(OF)
	$(BIN)/pip-licenses --python=$(OF) --from=mixed --with-urls --output-file=$(TO)/licences.txt

models: models/faq.onnx models/image.onnx models/flower.jpg

FAQ := converters/faq/javascript
models/faq.onnx: $(EXPORT) $(wildcard converters/*.py converters/faq/*.py converters/report/*.py $(FAQ)/*.jsonl) \
    | .venv/base
	$(BIN)/rtscore-convert faq --originals $(FAQ)/originals.jsonl \
	    --duplicates $(FAQ)/duplicates_train.jsonl --test $(FAQ)/duplicates_test.jsonl \
	    --no-match $(FAQ)/no_match_train.jsonl --no-match-test $(FAQ)/no_match_test.jsonl -o $@

LITE := $(wildcard converters/*efficientnet_lite*.py) \
    $(addprefix converters/,imagenet.py sample_pictures.py torch_pickle.py)
models/image-fp32.onnx: $(EXPORT) $(LITE) | .venv/base
	$(BIN)/rtscore-convert efficientnet-lite 0 -o $@

# The int8 file is served where it is the very graph whose accuracy was measured.
RANGES := converters/efficientnet_lite0_ranges.json
models/image.onnx: models/image-fp32.onnx $(RANGES) converters/quantize.py \
    $(wildcard converters/quantization/*.py)
	$(BIN)/rtscore-convert quantize $< --to int8 --ranges $(RANGES) -o $@ || \
	    { echo "$@ is the fp32 model, for the reason above" >&2; cp $< $@; }

models/flower.jpg: | .venv/base
	mkdir -p models
	$(BIN)/python -c "from sklearn.datasets import load_sample_images as load; \
	    import shutil; shutil.copy(load().filenames[1], '$@')"

.venv/base: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "rtscore needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "installing packages into .venv (about a minute)"
	$(INSTALL) -e '.[cpu,convert]'
	touch $@

.venv/dev: .venv/base
	$(INSTALL) -e '.[cpu,convert,keras,torch,dev]'
	touch $@

.venv/audit: .venv/base
	$(INSTALL) -e '.[cpu,convert,audit]'
	touch $@

# Names and versions of everything that any extra installs, for repeatable installs.
constraints: .venv/dev
	$(INSTALL) uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
	    --no-annotate --no-header --no-emit-index-url --quiet -o constraints.txt

clean:
	rm -rf .venv models
