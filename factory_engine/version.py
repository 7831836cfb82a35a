"""The version of the distribution, read by the build as well. Owns one string, imports nothing."""

VERSION = "0.1.0"
