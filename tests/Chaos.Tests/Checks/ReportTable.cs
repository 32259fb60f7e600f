using System.Globalization;
using System.Text;

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>The report for people.</summary>
internal static class ReportTable
{
    public static string Of(ChaosReport report)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"script {report.Script}, seed {report.Seed}, commit {report.Commit}, {report.Machine}, {report.Seconds:0} s");
        Line($"faults            {string.Join(", ", report.Faults.Select(x => $"{x.Value} x {x.Key}"))}");
        Line($"attempted         {report.Attempted}");
        Line($"acknowledged      {report.Acknowledged}");
        Line($"ok                {report.Ok}");
        Line($"degraded          {report.Degraded}  (a tool failed or its fallback answered, while its database was away; consistent)");
        Line($"lost              {report.Lost}");
        Line($"duplicated        {report.Duplicated}");
        Line($"unexpected        {report.Unexpected}");
        Line($"recovered         {report.Recovered}  (open during a fault, ended well)");
        Line($"sent repeatedly   {report.RepeatedSubmissions} submissions on purpose, {report.UnconfirmedPublishes} for want of a confirm, {report.CopiedMessages} messages copied, {report.ReorderedMessages} of them out of order");
        Line($"heard repeatedly  {report.RepeatedEvents} events with the same message id");
        Line($"model calls       {report.ModelCalls}, {report.ModelCallsPaidTwice} paid twice, {report.Kills} kills");
        Line($"drained           {report.DrainSeconds:0.0} s after the last fault");
        Times("duration", report.Duration);
        Times("recovery", report.Recovery);
        if (report.Trials is { } trials)
        {
            Line($"freeze trials     {trials.Trials}, {trials.InTransaction} in the middle of {trials.OpenTransactions} transactions; others committed {trials.OthersCommits}, took over {trials.TakenOver} invocations;");
            Line($"                  {trials.RefusedCommits} late writes refused, {trials.ZombieCommits} zombie commits");
        }

        foreach (var invariant in report.Invariants)
        {
            Line($"{(invariant.Holds ? "holds " : "BROKEN")}  {invariant.Name}: {invariant.Says}");
            foreach (var offender in invariant.Offenders)
            {
                Line($"          {offender}");
            }
        }

        foreach (var (message, count) in report.LoggedErrors.OrderByDescending(x => x.Value).Take(10))
        {
            Line($"logged {count} x {message}");
        }

        return text.ToString();

        void Times(string what, Percentiles? times)
        {
            if (times is not null)
            {
                Line($"{what,-18}p50 {times.P50} s, p95 {times.P95} s, p99 {times.P99} s, most {times.Most} s of {times.Count}");
            }
        }
    }
}
