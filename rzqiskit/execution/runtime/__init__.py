"""The IBM runtime: devices by name, samplers, jobs; nothing else in the package knows of it.

`devices` finds devices and fakes, `jobs` sends and fetches, `rehearsal` is a service of files that
stands in for the cloud, below the runtime's own code.
"""
