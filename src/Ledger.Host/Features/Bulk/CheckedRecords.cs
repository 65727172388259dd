using FluentValidation;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Validation;

namespace Ledger.Host.Features.Bulk;

/// <summary>The records that a command takes from a file, each checked as a single edit is.</summary>
internal sealed class CheckedRecords(BulkFile file, ApplyEdits.Request request, IValidator<ApplyEdit> validator)
{
    /// <summary>Reads the whole file before the first edit: how many records there are, and whether some are bad.</summary>
    /// <exception cref="BulkFileException">Some are, and bad ones are not to be left out.</exception>
    public int Count(CancellationToken token)
    {
        int count = 0, bad = 0;
        BulkFileException? first = null;
        foreach (var record in All())
        {
            token.ThrowIfCancellationRequested();
            count++;
            if (record.Fault is null) continue;
            bad++;
            first ??= record.Fault;
        }
        if (first is null || request.SkipBad) return count;
        throw bad == 1 ? first : first.Besides($"records that are bad in all: {bad} of {count}");
    }

    public IEnumerable<BulkRecord> All() => file.Records().Take(request.First ?? int.MaxValue).Select(Validated);

    /// <summary>The same record of the same file under the same variant on the same timeline is the same command, however often it is given.</summary>
    public string Key(TimelineId timeline, BulkRecord record) => $"{timeline}|{file.Digest}|{record.Line}:{record.Column}|{request.Variant.Name()}";

    public Provenance By(BulkEdit asked) => new(request.Author, asked.Reason ?? request.Reason, asked.Source ?? request.Source ?? Path.GetFileName(request.File), null);

    private BulkRecord Validated(BulkRecord record)
    {
        if (record.Edit is not { } edit) return record;
        var result = validator.Validate(new ApplyEdit(edit.Request, request.Variant, request.Author, edit.Reason ?? request.Reason, edit.Source ?? request.Source));
        if (result.IsValid) return record;
        var faults = new ValidationFailedException(result);
        return record with { Edit = null, Fault = file.Fault(record, faults.Message, (faults.Remedy ?? "mend the record") + BulkFileException.OrSkip) };
    }
}
