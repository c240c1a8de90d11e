# Waits for the database, then lets mongosh apply the data model. Ends with what the script ends with: 0 done, 2 refused,
# 1 failed. The last lines say why: they are what `pulumi up` shows.
#
#   WAIT_SECONDS   for a server that answers; a cluster that is being made takes its time
#   LOGIN_SECONDS  for an account, once a server answers: it comes some moments after its server
#   PAUSE_SECONDS  between two attempts
folder=$(dirname "$0")
began=$(date +%s)
refused=
until answer=$(mongosh "$MONGODB_URI" --quiet --eval 'db.runCommand({ping: 1})' 2>&1); do
  now=$(date +%s)
  # A connection string that cannot be read is part of the complaint about it.
  reason=$(printf '%s\n' "$answer" | grep -m 1 Error | sed 's#//[^@ ]*@#//***@#g')
  case $answer in
    *[Aa]uthentication*) refused=${refused:-$now} ;;
    *) refused= ;;
  esac
  if [ -n "$refused" ] && [ $((now - refused)) -ge "$LOGIN_SECONDS" ]; then
    echo "gave up: the database answers, and refused the account for $LOGIN_SECONDS s: ${reason:-no answer}"
    exit 1
  fi
  if [ $((now - began)) -ge "$WAIT_SECONDS" ]; then
    echo "gave up: the database was not there after $WAIT_SECONDS s: ${reason:-no answer}"
    exit 1
  fi
  echo "waiting for the database: ${reason:-no answer}"
  sleep "$PAUSE_SECONDS"
done

for attempt in 1 2 3 4; do
  mongosh "$MONGODB_URI" --quiet --file "$folder/apply-data-model.js"
  code=$?
  # 3: the connection was lost, as when a primary steps down. What is done stays done.
  [ $code -eq 3 ] || exit $code
  [ $attempt -eq 4 ] || sleep "$PAUSE_SECONDS"
done
echo "gave up: the connection was lost 4 times"
exit 1
