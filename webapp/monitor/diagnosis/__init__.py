"""Diagnoses: run step by step in the background, seen by every process of the site."""
