from hypothesis import settings

# the first example imports libraries, and the machine may be busy: time says nothing about being right
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
