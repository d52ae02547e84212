"""Whoever comes from the reference finds each name here, or in the table of the page for them."""

import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/migrate-from-zensols.md"
ROW = re.compile(r"^\| `(zensols_like[\w.]*)` \| `([\w.]+)` \| (.+) \|$", re.MULTILINE)
TABLE = {f"{module}.{name}": reason for module, name, reason in ROW.findall(PAGE.read_text())}

ESSENTIAL = {
    "zensols_like": "APIError CudaInfo DeepLearnError NetworkSettings TorchConfig TorchTypes printopts",
    "zensols_like.settings": "NetworkSettings.get_module_class_name NetworkSettings.create_module",
    "zensols_like.batch": "Batch BatchDirectoryCompositeStash BatchError BatchFeatureMapping BatchFieldMetadata "
    "BatchMetadata BatchStash ConfigBatchFeatureMapping DataPoint DataPointIDSet DefaultBatch FieldFeatureMapping "
    "ManagerFeatureMapping MetadataNetworkSettings TorchMultiProcessStash Batch._get_batch_feature_mappings "
    "Batch._encode_field Batch._decode_context Batch._encode Batch._decode Batch._clone "
    "BatchDirectoryCompositeStash._feature_contexts BatchStash._process BatchStash.is_child",
    "zensols_like.batch.domain": "Batch BatchFeatureMapping DataPoint DefaultBatch",
    "zensols_like.batch.interface": "BatchDirectoryCompositeStash BatchError DataPointIDSet",
    "zensols_like.batch.mapping": "BatchFeatureMapping ConfigBatchFeatureMapping FieldFeatureMapping "
    "ManagerFeatureMapping",
    "zensols_like.batch.meta": "BatchFieldMetadata BatchMetadata MetadataNetworkSettings",
    "zensols_like.batch.multi": "TorchMultiProcessStash",
    "zensols_like.batch.stash": "BatchStash",
    "zensols_like.vectorize": "AggregateEncodableFeatureVectorizer AttributeEncodableFeatureVectorizer "
    "CategoryEncodableFeatureVectorizer ConfigurableVectorization EncodableFeatureVectorizer FeatureContext "
    "FeatureVectorizer FeatureVectorizerManager FeatureVectorizerManagerSet IdentityEncodableFeatureVectorizer "
    "MaskFeatureContext MaskFeatureVectorizer MultiFeatureContext NominalEncodedEncodableFeatureVectorizer "
    "NullFeatureContext OneHotEncodedEncodableFeatureVectorizer SeriesEncodableFeatureVectorizer "
    "SparseTensorFeatureContext TensorFeatureContext VectorizerError "
    "FeatureVectorizer.transform FeatureVectorizer.shape FeatureVectorizer.description FeatureVectorizer.DESCRIPTION "
    "FeatureVectorizer._get_shape EncodableFeatureVectorizer.encode EncodableFeatureVectorizer.decode "
    "EncodableFeatureVectorizer.torch_config EncodableFeatureVectorizer._encode EncodableFeatureVectorizer._decode "
    "EncodableFeatureVectorizer._validate_context SparseTensorFeatureContext.instance "
    "SparseTensorFeatureContext.to_tensor SparseTensorFeatureContext.sparse_arr SparseTensorFeatureContext.USE_SPARSE "
    "MultiFeatureContext.is_empty FeatureVectorizerManager.get FeatureVectorizerManager.__getitem__ "
    "FeatureVectorizerManager.keys FeatureVectorizerManager.values FeatureVectorizerManager.items "
    "FeatureVectorizerManager.__len__ FeatureVectorizerManager.transform FeatureVectorizerManager.feature_ids "
    "FeatureVectorizerManagerSet.get FeatureVectorizerManagerSet.keys FeatureVectorizerManagerSet.values "
    "FeatureVectorizerManagerSet.items FeatureVectorizerManagerSet.get_vectorizer_names "
    "FeatureVectorizerManagerSet.get_vectorizer FeatureVectorizerManagerSet.feature_ids "
    "CategoryEncodableFeatureVectorizer.by_label CategoryEncodableFeatureVectorizer.get_classes "
    "CategoryEncodableFeatureVectorizer.label_encoder AggregateEncodableFeatureVectorizer.create_padded_tensor "
    "AggregateEncodableFeatureVectorizer.DEFAULT_PAD_LABEL",
    "zensols_like.persist": "CacheStash Deallocatable DelegateDefaults DelegateStash DictionaryStash "
    "DirectoryCompositeStash DirectoryStash FactoryStash MissingDataKeysError NoopStash OneShotFactoryStash "
    "PersistableContainer PersistableError PreemptiveStash PrimablePreemptiveStash Primeable PrimeableStash "
    "ReadOnlyDelegateStash ReadOnlyStash SortedStash Stash UnionStash chunks dealloc dealloc_recursive "
    "Stash.load Stash.get Stash.exists Stash.dump Stash.delete Stash.clear Stash.keys Stash.key_groups Stash.values "
    "Stash.items Stash.__getitem__ Stash.__iter__ Stash.__len__ Stash.__contains__ DelegateStash.delegate_attr "
    "PreemptiveStash.has_data PreemptiveStash._calculate_has_data PreemptiveStash._reset_has_data "
    "PreemptiveStash._set_has_data Primeable.prime OneShotFactoryStash.worker DictionaryStash.data "
    "DirectoryStash.key_to_path Deallocatable.deallocate PersistableContainer._PERSITABLE_TRANSIENT_ATTRIBUTES "
    "PersistableContainer._PERSITABLE_REMOVE_ATTRIBUTES PersistableContainer._PERSITABLE_PROPERTIES "
    "PersistableContainer._PERSITABLE_METHODS",
    "zensols_like.multi": "MultiProcessStash TorchMultiProcessStash MultiProcessStash._create_data "
    "MultiProcessStash._process MultiProcessStash.processor_class MultiProcessStash.is_child "
    "MultiProcessStash.LOG_CONFIG_SECTION",
    "zensols_like.dataset": "AbstractSplitKeyContainer DatasetError DatasetSplitStash SortedDatasetSplitStash "
    "SplitKeyContainer SplitStashContainer StashSplitKeyContainer SplitKeyContainer.split_names "
    "SplitKeyContainer.counts_by_key SplitKeyContainer.keys_by_split SplitKeyContainer.clear SplitKeyContainer.write "
    "SplitKeyContainer._get_keys_by_split SplitStashContainer.split_name SplitStashContainer.splits "
    "DatasetSplitStash.check_key_consistent DatasetSplitStash.clear_keys DatasetSplitStash.write",
    "zensols_like.dataframe": "DataframeError DataframeStash DefaultDataframeStash SplitColumnDataframeStash "
    "SplitKeyDataframeStash SplitColumnDataframeStash.get_labels SplitColumnDataframeStash.get_label_count",
    "zensols_like.torchconfig": "TorchConfig.cpu_device TorchConfig.cuda_configs TorchConfig.cuda_device_index "
    "TorchConfig.cuda_devices TorchConfig.device TorchConfig.float_type TorchConfig.gpu_available TorchConfig.info "
    "TorchConfig.int_type TorchConfig.numpy_data_type TorchConfig.tensor_class TorchConfig.using_cpu TorchConfig.cat "
    "TorchConfig.clone TorchConfig.close TorchConfig.cross_entropy_pad TorchConfig.empty TorchConfig.equal "
    "TorchConfig.float TorchConfig.from_iterable TorchConfig.from_numpy TorchConfig.int TorchConfig.is_sparse "
    "TorchConfig.ones TorchConfig.same_device TorchConfig.singleton TorchConfig.sparse TorchConfig.to "
    "TorchConfig.to_cpu_deallocate TorchConfig.to_type TorchConfig.zeros TorchConfig.cpu_device_name "
    "TorchConfig.empty_cache TorchConfig.in_memory_tensors TorchConfig.init TorchConfig.is_on_cpu "
    "TorchConfig.get_random_seed TorchConfig.get_random_seed_context TorchConfig.set_random_seed "
    "TorchTypes.float_to_int TorchTypes.get_numpy_type TorchTypes.get_tensor_class TorchTypes.int_to_float "
    "TorchTypes.is_float TorchTypes.is_int TorchTypes.type_from_string",
    "zensols_like.config": "ConfigFactory Configurable ConfigurableError ConfigurableFileNotFoundError "
    "ConfigurationError Dictable ExtendedInterpolationConfig ExtendedInterpolationEnvConfig FactoryError "
    "ImportConfigFactory IniConfig RedefinedInjectionError Serializer Settings Writable Writeback "
    "Configurable.__getitem__ Configurable.as_one_tier_dict Configurable.asdict Configurable.copy_sections "
    "Configurable.get_option Configurable.get_option_boolean Configurable.get_option_float "
    "Configurable.get_option_int Configurable.get_option_list Configurable.get_option_object "
    "Configurable.get_option_path Configurable.get_options Configurable.has_option Configurable.merge "
    "Configurable.options Configurable.populate Configurable.reload Configurable.remove_section "
    "Configurable.sections Configurable.set_option Configurable.write Dictable.asdict Dictable.asflatdict "
    "Dictable.asjson Dictable.asyaml Dictable.write Dictable._DICTABLE_ATTRIBUTES Dictable._DICTABLE_FORMATS "
    "Dictable._DICTABLE_WRITABLE_DESCENDANTS Dictable._DICTABLE_WRITE_EXCLUDES ImportConfigFactory.__call__ "
    "ImportConfigFactory.clear ImportConfigFactory.clear_instance ImportConfigFactory.clone "
    "ImportConfigFactory.deallocate ImportConfigFactory.from_config_string ImportConfigFactory.get_class "
    "ImportConfigFactory.instance ImportConfigFactory.new_deep_instance ImportConfigFactory.new_instance",
}
NAMES = [f"{module}.{name}" for module, names in ESSENTIAL.items() for name in names.split()]


def exists(full_name):
    module = next(name for name in sorted(ESSENTIAL, key=len, reverse=True) if full_name.startswith(f"{name}."))
    found = importlib.import_module(module)
    for name in full_name.removeprefix(f"{module}.").split("."):
        if name in getattr(found, "__dataclass_fields__", ()) or name in getattr(found, "__annotations__", ()):
            return True
        found = getattr(found, name, None)
    return found is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_reference_is_here_or_the_page_says_what_to_use(name):
    assert exists(name) != (name in TABLE)


def test_the_page_lists_only_names_of_the_reference_and_says_why_each_is_missing():
    assert set(TABLE) <= set(NAMES)
    assert all(len(reason) > 20 for reason in TABLE.values())
