"""How argoproxy is packaged. Tool settings live in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
INIT = (HERE / "argoproxy" / "__init__.py").read_text(encoding="utf-8")
VERSION = next(line.split('"')[1] for line in INIT.splitlines() if line.startswith("__version__ = "))

TEST = [
    "anthropic>=2.14",
    "bpe-openai>=0.1.4",
    "build>=1.2",
    "coverage[toml]>=7.6",
    "google-genai>=3.6",
    "httpx2>=2.0",
    "hypothesis>=6.100",
    "mypy>=1.14",
    "mypy-zope>=1.0.9",
    "openai>=3.57",
    "openapi-spec-validator>=0.7.1",
    "pillow>=10.0",
    "pytest>=8.2",
    "pytest-twisted>=1.14.3",
    "ruff>=0.9",
    "setuptools>=77",
    "towncrier>=24.8",
    "txredisapi>=1.6",
    "types-PyYAML>=6.0.12",
    "types-jsonschema>=4.18",
]

setup(
    name="argoproxy",
    version=VERSION,
    description="A Twisted proxy between every LLM client and ARGO, Argonne's LLM gateway",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Framework :: Twisted",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
    python_requires=">=3.10",
    # The empty package_dir keeps an editable install a plain path entry: Twisted finds plugins by
    # scanning folders, and would not see them behind the import hook that setuptools installs otherwise.
    package_dir={"": "."},
    packages=[*find_packages(include=["argoproxy", "argoproxy.*"]), "twisted.plugins"],
    package_data={"argoproxy": ["py.typed", "catalogue/*.yaml", "simulator/*.yaml", "simulator/model/*.yaml"]},
    entry_points={"console_scripts": ["argoproxy = argoproxy.keys.command:main"]},
    zip_safe=False,
    install_requires=[
        "attrs>=24.1",
        "backports.zstd>=1.0; python_version < '3.14'",
        "cryptography>=41.0",
        "httptools>=0.6.4",
        "hyperlink>=21.0",
        "jsonschema>=4.18",
        "klein>=24.8",
        "msgspec>=0.21",
        "packaging>=23.2",
        "pyyaml>=6.0.1",
        "splintr-rs>=0.22",
        "treq>=26.7",
        "twisted[tls]>=26.10",
        "zope.interface>=6.4",
    ],
    extras_require={
        "test": TEST,
        "fuzz": [*TEST, "schemathesis>=4.32"],
        "images": ["pillow>=10.0"],
        "redis": ["txredisapi>=1.6"],
        "docs": ["pydoctor>=24.11", "towncrier>=24.8"],
        "bench": ["matplotlib>=3.8", "py-spy>=0.4"],
    },
)
