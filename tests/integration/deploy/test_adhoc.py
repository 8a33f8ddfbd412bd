import copy, time
from tests.integration.deploy.test_containers_as_processes import *
def test_adhoc(deployment, deployed, running):
    file = copy.deepcopy(compose())
    for n in ("celery","celery-realtime","celery-beat"):
        file["services"][n]["healthcheck"]["test"]=["CMD","true"]
    d = deployed(file)
    start(running, *d.replicas("celery"), *d.replicas("celery-realtime"), *d.replicas("celery-beat"), *d.replicas("web"))
    for c in running: c.wait_until_healthy()
    time.sleep(12)
    print([(c.name, c.uid()) for c in running])
    for c in running: c.ask_to_stop()
    for c in running: print(c.name, c.stopped(), c._popen.returncode)
    for c in running: print("=====", c.name); print(c.words()[-1500:])
