"""`forgemind home`: prepares the home folder and prints its `DAGSTER_HOME`."""


def home() -> None:
    """Prepares this installation's Dagster home and prints its path.

    Example: DAGSTER_HOME=$(forgemind home) dagster dev
    """
    from forgemind_assets.home import Home
    from resources.instance import prepare_dagster_home

    place = Home.from_environment()
    prepare_dagster_home(place)
    print(place.dagster)
