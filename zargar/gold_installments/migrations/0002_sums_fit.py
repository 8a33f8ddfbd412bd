"""Have the database itself compare sums that lie in several rows.

Two triggers in each shop's schema. A payment is compared with what is owed at once, under a lock on its contract, so that
two payments at the same time see each other. A contract is compared with its plan and its payments as the transaction
ends, since its rows come one after another.

The functions name the schema of the table that fired them (TG_TABLE_SCHEMA), never the search path: a schema may be
renamed, and a restore runs with an empty path.
"""

from django.db import migrations

SUMS_FIT = """
CREATE FUNCTION gold_installments_payment_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owing record;
    paid bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.contract_id, NEW.amount) IS DISTINCT FROM (OLD.contract_id, OLD.amount) THEN
        RAISE EXCEPTION 'payment % is not changed: void it and add another', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_unchanged', TABLE = TG_TABLE_NAME;
    END IF;
    EXECUTE format(
        'SELECT state, total - down_payment AS owed FROM %I.gold_installments_contract WHERE id = $1 FOR NO KEY UPDATE',
        TG_TABLE_SCHEMA
    ) INTO owing USING NEW.contract_id;
    EXECUTE format(
        'SELECT coalesce(sum(amount), 0) FROM %I.gold_installments_payment WHERE contract_id = $1 AND voided_at IS NULL',
        TG_TABLE_SCHEMA
    ) INTO paid USING NEW.contract_id;
    IF paid > owing.owed THEN
        RAISE EXCEPTION 'contract % owes % Toman, and % would be paid', NEW.contract_id, owing.owed, paid
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_within_owed', TABLE = TG_TABLE_NAME;
    END IF;
    IF owing.state = 'cancelled' THEN
        RAISE EXCEPTION 'contract % is cancelled', NEW.contract_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_on_cancelled', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER payment_fits AFTER INSERT OR UPDATE ON gold_installments_payment
    FOR EACH ROW EXECUTE FUNCTION gold_installments_payment_fits();

CREATE FUNCTION gold_installments_contract_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which bigint;
    contract record;
    planned record;
    paid bigint;
BEGIN
    IF TG_TABLE_NAME = 'gold_installments_contract' THEN
        which := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        which := OLD.contract_id;
    ELSE
        which := NEW.contract_id;
    END IF;
    IF TG_TABLE_NAME <> 'gold_installments_contract' AND TG_OP = 'UPDATE' THEN
        IF NEW.contract_id <> OLD.contract_id THEN
            RAISE EXCEPTION 'row % of % stays with its contract', OLD.id, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_kept', TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    EXECUTE format('SELECT * FROM %I.gold_installments_contract WHERE id = $1', TG_TABLE_SCHEMA)
        INTO contract USING which;
    IF contract.id IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'SELECT count(*) AS number, coalesce(max(sequence), 0) AS last, coalesce(sum(amount), 0) AS amount '
        'FROM %I.gold_installments_instalment WHERE contract_id = $1',
        TG_TABLE_SCHEMA
    ) INTO planned USING which;
    IF planned.number <> contract.instalment_count OR planned.last <> contract.instalment_count
        OR contract.down_payment + planned.amount <> contract.total
    THEN
        RAISE EXCEPTION 'contract %: down payment % and % instalments of % do not make % in % instalments',
                which, contract.down_payment, planned.number, planned.amount, contract.total, contract.instalment_count
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_plan_fits', TABLE = TG_TABLE_NAME;
    END IF;
    EXECUTE format(
        'SELECT coalesce(sum(amount), 0) FROM %I.gold_installments_payment WHERE contract_id = $1 AND voided_at IS NULL',
        TG_TABLE_SCHEMA
    ) INTO paid USING which;
    IF paid > contract.total - contract.down_payment
        OR (contract.state <> 'cancelled'
            AND (contract.state = 'settled') <> (paid = contract.total - contract.down_payment))
    THEN
        RAISE EXCEPTION 'contract % is % with % of % paid',
                which, contract.state, paid, contract.total - contract.down_payment
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_settled_when_paid', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER contract_fits AFTER INSERT OR UPDATE ON gold_installments_contract
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gold_installments_contract_fits();
CREATE CONSTRAINT TRIGGER contract_fits AFTER INSERT OR UPDATE OR DELETE ON gold_installments_instalment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gold_installments_contract_fits();
CREATE CONSTRAINT TRIGGER contract_fits AFTER INSERT OR UPDATE OR DELETE ON gold_installments_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gold_installments_contract_fits();
"""

SUMS_FREE = """
DROP TRIGGER contract_fits ON gold_installments_payment;
DROP TRIGGER contract_fits ON gold_installments_instalment;
DROP TRIGGER contract_fits ON gold_installments_contract;
DROP FUNCTION gold_installments_contract_fits();
DROP TRIGGER payment_fits ON gold_installments_payment;
DROP FUNCTION gold_installments_payment_fits();
"""


class Migration(migrations.Migration):
    """Two functions and four triggers."""

    dependencies = [("gold_installments", "0001_initial")]

    operations = [migrations.RunSQL(SUMS_FIT, SUMS_FREE)]
