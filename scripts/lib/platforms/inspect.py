"""What a binary says of itself, as JSON: python inspect.py BINARY"""

import json
import re
import sys

import lief


def versions(binary):
    """The versions of glibc that an ELF file asks for."""
    names = [aux.name for need in binary.symbols_version_requirement for aux in need.get_auxiliary_symbols()]
    return [name[6:] for name in names if re.fullmatch(r"GLIBC_\d+(\.\d+)+", name)]


def facts(binary):
    """The same facts for each format."""
    if isinstance(binary, lief.ELF.Binary):
        return {
            "format": "ELF",
            "machine": binary.header.machine_type.name,
            "needed": list(binary.libraries),
            "exports": [symbol.name for symbol in binary.exported_symbols],
            "glibc": versions(binary),
        }
    if isinstance(binary, lief.PE.Binary):
        exports = binary.get_export()
        return {
            "format": "PE",
            "machine": binary.header.machine.name,
            "needed": [library.name for library in binary.imports],
            "exports": [entry.name for entry in exports.entries] if exports else [],
        }
    return {
        "format": "MachO",
        "machine": binary.header.cpu_type.name,
        "needed": [library.name for library in binary.libraries if library.command.name != "ID_DYLIB"],
        "exports": [symbol.name.removeprefix("_") for symbol in binary.exported_symbols],
        "system": list(binary.build_version.minos) if binary.build_version else list(binary.version_min.version),
    }


def main():
    """Prints the facts of one binary."""
    binary = lief.parse(sys.argv[1])
    if binary is None:
        sys.exit(f"{sys.argv[1]} is no binary of a kind that lief knows")
    if isinstance(binary, lief.MachO.FatBinary):
        binary = binary.at(0)
    json.dump(facts(binary), sys.stdout)


main()
